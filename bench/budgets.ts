import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Result } from './run-case.ts';

const budget = z.strictObject({
  cpuMsPerLogin: z.number().optional(),
  signaturesPerLogin: z.number().optional(),
  p99Ms: z.number().optional(),
  startToReadyMs: z.number().optional(),
  rssMiBAfter: z.number().optional(),
  /** Memory at the end by that halfway: 1 is flat. */
  rssGrowth: z.number().optional(),
});

export type Budgets = Readonly<Record<string, z.infer<typeof budget>>>;

/** Largest values that a case may reach, by the case's name. */
export function readBudgets(): Budgets {
  const text = readFileSync(new URL('budgets.json', import.meta.url), 'utf8');
  return z.record(z.string(), budget).parse(JSON.parse(text));
}

/** What a result exceeds, a sentence each. */
export function exceeded(result: Result, budgets: Budgets): string[] {
  const measured: Readonly<Record<string, number>> = {
    cpuMsPerLogin: result.cpuMsPerLogin,
    signaturesPerLogin: result.signaturesPerLogin,
    p99Ms: result.p99Ms,
    startToReadyMs: result.startToReadyMs,
    rssMiBAfter: result.rssMiBAfter,
    rssGrowth: result.rssMiBAfter / result.rssMiBHalfway,
  };
  return Object.entries(budgets[result.case] ?? {}).flatMap(([name, limit = Infinity]) => {
    const value = measured[name] ?? Number.NaN;
    if (value <= limit) return [];
    return [`${result.case}: ${name} is ${value.toFixed(2)}, more than ${limit}`];
  });
}
