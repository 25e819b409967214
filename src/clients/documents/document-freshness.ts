/**
 * How long a fetched document may be used (RFC 9111 section 4.2), within our bounds: one login reads it several times, and
 * no host can make us ask more often than that, or believe it for longer than a day.
 */

export const freshness = {
  minSeconds: 60,
  /** Where the answer says nothing. */
  usualSeconds: 600,
  maxSeconds: 86_400,
  /** How long it is used on when its host is in trouble (RFC 5861 section 4). */
  staleSeconds: 86_400,
} as const;

export interface Freshness {
  readonly freshSeconds: number;
  /** `no-store`: only in memory, and only this long. */
  readonly storable: boolean;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** @param nowSeconds ours, for `Expires` without a `Date` */
export function freshnessOf(headers: Headers, nowSeconds: number): Freshness {
  const directives = textOf(headers['cache-control']).toLowerCase().split(',');
  const has = (name: string) => directives.some((one) => one.trim().split('=')[0] === name);
  const storable = !has('no-store');
  const wanted =
    storable && !has('no-cache') && !has('private')
      ? (maxAgeOf(directives, headers) ?? expiresIn(headers, nowSeconds) ?? freshness.usualSeconds)
      : 0;
  return { freshSeconds: within(wanted), storable };
}

/** Any number of seconds, brought into our bounds. */
const within = (seconds: number): number =>
  Math.min(freshness.maxSeconds, Math.max(freshness.minSeconds, Math.floor(seconds)));

/** We are a shared cache: `s-maxage` counts first. `Age` is what caches on the way have used up. */
function maxAgeOf(directives: readonly string[], headers: Headers): number | undefined {
  for (const name of ['s-maxage', 'max-age']) {
    const pattern = new RegExp(`^\\s*${name}\\s*=\\s*"?(\\d{1,10})"?\\s*$`);
    const found = directives.map((one) => pattern.exec(one)?.[1]).find((value) => value);
    if (found === undefined) continue;
    const age = Number(textOf(headers['age']));
    return Number(found) - (age > 0 ? age : 0);
  }
  return undefined;
}

function expiresIn(headers: Headers, nowSeconds: number): number | undefined {
  if (headers['expires'] === undefined) return undefined;
  const expires = Date.parse(textOf(headers['expires'])) / 1000;
  // RFC 9111 5.3: what is no date, such as "0", is in the past
  if (Number.isNaN(expires)) return 0;
  const date = Date.parse(textOf(headers['date'])) / 1000;
  return expires - (Number.isNaN(date) ? nowSeconds : date);
}

const textOf = (value: string | string[] | undefined): string =>
  Array.isArray(value) ? value.join(',') : (value ?? '');
