import { readFile } from 'node:fs/promises';

export interface Recording {
  /** Request target, e.g. `/localapi/v0/whois?addr=…` */
  readonly target: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const folder = new URL('./recordings/', import.meta.url);

/** One exchange with tailscaled 1.102.3: request line, blank line, status line and headers, blank line, body. */
export async function recording(name: string): Promise<Recording> {
  const text = await readFile(new URL(`${name}.http`, folder), 'utf8');
  const match = /^GET (\S+)\n\nHTTP\/1\.1 (\d+)\n(.*?)\n\n(.*)$/s.exec(text);
  const [, target = '', status = '', headers = '', body = ''] = match ?? [];
  const pairs = headers.split('\n').map((line) => line.split(': '));
  return { target, status: Number(status), headers: Object.fromEntries(pairs), body };
}

export async function recordedBus(): Promise<Record<string, unknown>[]> {
  const text = await readFile(new URL('watch-ipn-bus.jsonl', folder), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** Every place inside a JSON value with its type; places in lists are `[]`, in maps by user or key `{}`. */
export function shape(value: unknown, path = ''): Map<string, Set<string>> {
  const places = new Map<string, Set<string>>();
  const add = (place: string, types: Iterable<string>) => {
    places.set(place, new Set([...(places.get(place) ?? []), ...types]));
  };
  add(path, [typeOf(value)]);
  if (typeof value !== 'object' || value === null) return places;
  for (const [key, child] of Object.entries(value)) {
    const step = Array.isArray(value) ? '[]' : /^(\d+|nodekey:.*)$/.test(key) ? '{}' : `.${key}`;
    for (const [place, types] of shape(child, path + step)) add(place, types);
  }
  return places;
}

/** Places where `actual` has a type that `expected` never has there; places unknown to `expected` count, too. */
export function misshapen(actual: unknown, expected: unknown): string[] {
  const known = shape(expected);
  return [...shape(actual)].flatMap(([place, types]) =>
    [...types]
      .filter((type) => !known.get(place)?.has(type))
      .map((type) => `${place || '(top)'} is ${type}`),
  );
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
