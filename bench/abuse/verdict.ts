import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { abuseCase } from './attacks.ts';

/** One line of output: what victims met before and during an attack, and what the attack left behind. */
export interface AbuseResult {
  readonly case: string;
  readonly listener: string;
  readonly seconds: number;
  /** What the attacker got, by status; `cut` without an answer. */
  readonly attacker: Readonly<Record<string, number>>;
  /** Visits of the victims in each phase. */
  readonly visits: number;
  readonly quietP50Ms: number;
  readonly quietP99Ms: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the p99: under attack by quiet. */
  readonly p99Ratio: number;
  /** Visits of victims that failed. */
  readonly refusals: number;
  readonly firstRefusal?: string;
  readonly rssMiBQuiet: number;
  readonly rssMiBPeak: number;
  readonly rssMiBAfter: number;
  /** Growth of the database in the attack, beyond that in the quiet phase. */
  readonly storedKiB: number;
  /** Rows that the attack left and the victims did not, after the sweep where it is waited for. */
  readonly leftRows: Readonly<Record<string, number>>;
  readonly leftKiB: number;
  /** The most that a day of it could leave, as if none of that expired; only where the sweep was waited for. */
  readonly leftMiBPerDay?: number;
  /** The whole state directory at the end. */
  readonly filesMiB: number;
  readonly logKiBPerMinute: number;
  readonly daemonEnded: boolean;
  readonly attackerEnded: boolean;
}

const budget = z.strictObject({
  /** Under attack; by the quiet p99, or by `p99FloorMs` where that is more. */
  p99Ratio: z.number().optional(),
  p99FloorMs: z.number().optional(),
  refusals: z.number().optional(),
  /** The most at any time, by that after the quiet phase. */
  rssGrowthMiB: z.number().optional(),
  /** Of the database during the attack, more than in the quiet phase. */
  storedMiB: z.number().optional(),
  /** The same after the attack. */
  leftMiB: z.number().optional(),
  leftMiBPerDay: z.number().optional(),
  logKiBPerMinute: z.number().optional(),
});
export type AbuseBudget = z.infer<typeof budget>;

/** By the case's name; `abuse` holds for all that say nothing else. */
export function readAbuseBudgets(): Readonly<Record<string, AbuseBudget>> {
  const text = readFileSync(new URL('budgets.json', import.meta.url), 'utf8');
  return z.record(z.string(), budget).parse(JSON.parse(text));
}

/**
 * What an attack has broken, a sentence each.
 * @param isQuick too few visits for a percentile: times are not looked at
 */
export function brokenBy(
  result: AbuseResult,
  budgets: Readonly<Record<string, AbuseBudget>>,
  isQuick = false,
): string[] {
  const limits = { ...budgets[abuseCase], ...budgets[result.case] };
  const quietMs = Math.max(result.quietP99Ms, limits.p99FloorMs ?? 0);
  const measured: Readonly<Record<string, number>> = {
    ...(isQuick ? {} : { p99Ratio: result.p99Ms / quietMs }),
    refusals: result.refusals,
    rssGrowthMiB: result.rssMiBPeak - result.rssMiBQuiet,
    storedMiB: result.storedKiB / 1024,
    leftMiB: result.leftKiB / 1024,
    leftMiBPerDay: result.leftMiBPerDay ?? 0,
    logKiBPerMinute: result.logKiBPerMinute,
  };
  const broken = Object.entries(measured).flatMap(([name, value]) => {
    const limit = limits[name as keyof AbuseBudget] ?? Number.POSITIVE_INFINITY;
    // what was not measured is no number
    if (value <= limit) return [];
    const why = name === 'refusals' ? ` (${result.firstRefusal})` : '';
    return [`${result.case}: ${name} is ${value.toFixed(2)}, more than ${limit}${why}`];
  });
  if (result.daemonEnded) broken.push(`${result.case}: the daemon ended`);
  if (!result.attackerEnded) broken.push(`${result.case}: the attacker did not end by itself`);
  return broken;
}
