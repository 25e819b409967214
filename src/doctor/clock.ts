import { type Finding, ok, problem } from './finding.ts';

/** Clocks differ a little; beyond, apps refuse tokens as not valid yet. */
const toleratedSeconds = 30;

/** What happened already, by the clocks of others; later than now, our clock is slow. */
export interface Witness {
  readonly what: string;
  readonly atSeconds: number;
}

/** A fast clock has no witness here; certificates that look expired are the sign of one. */
export function clockFinding(nowSeconds: number, witnesses: readonly Witness[]): Finding {
  const [latest] = [...witnesses].sort((a, b) => b.atSeconds - a.atSeconds);
  const now = new Date(nowSeconds * 1000).toISOString();
  const behindSeconds = latest ? Math.round(latest.atSeconds - nowSeconds) : 0;
  if (!latest || behindSeconds <= toleratedSeconds) return ok('clock', `says ${now}`);
  return problem(
    'clock',
    `says ${now}, ${behindSeconds} s before ${latest.what}: tokens and codes expire at the wrong time, and apps refuse them`,
    'set the clock and keep it set (systemd-timesyncd, chrony)',
  );
}
