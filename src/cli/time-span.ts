import { UsageError } from './command.ts';

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/**
 * A moment that a flag gives, in epoch seconds: RFC 3339 (`2026-01-31`, `2026-01-31T08:00:00Z`), or how long ago
 * it was (`90s`, `15m`, `2h`, `7d`).
 * @throws UsageError
 */
export function readMoment(flag: string, text: string, nowSeconds: number): number {
  const [, count, unit = ''] = /^(\d{1,9})([smhd])$/u.exec(text) ?? [];
  if (count !== undefined) return nowSeconds - Number(count) * (unitSeconds[unit] ?? 1);
  const isTime = /^\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:\d\d))?$/u;
  const ms = isTime.test(text) ? Date.parse(text.replace(' ', 'T')) : Number.NaN;
  if (Number.isNaN(ms)) {
    throw new UsageError(
      `--${flag}: ${JSON.stringify(text)} is not a time: write 2h, 7d, 2026-01-31 or 2026-01-31T08:00:00Z`,
    );
  }
  return Math.floor(ms / 1000);
}
