import { readdirSync, readFileSync } from 'node:fs';

const directory = new URL('../fixtures/localapi/', import.meta.url);

export interface Recorded {
  /** Of the request, with query. */
  readonly path: string;
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** The names of all recorded exchanges, without `.http`. */
export const recordedNames = readdirSync(directory)
  .filter((name) => name.endsWith('.http'))
  .map((name) => name.slice(0, -'.http'.length));

/** One exchange with a real tailscaled: request line, blank line, head of the answer, blank line, its body. */
export function recorded(name: string): Recorded {
  const text = readFileSync(new URL(`${name}.http`, directory), 'utf8');
  const [, path, status, head, body] =
    /^GET (\S+)\n\nHTTP\/1\.1 (\d{3})\n(.*?)\n\n(.*)$/s.exec(text) ?? [];
  if (path === undefined || head === undefined || body === undefined) {
    throw new Error(`${name}.http is not a recorded exchange`);
  }
  const contentType = /^Content-Type: (.*)$/m.exec(head)?.[1] ?? '';
  return { path, status: Number(status), contentType, body };
}

export function recordedBus(): readonly string[] {
  return readFileSync(new URL('watch-ipn-bus.jsonl', directory), 'utf8').trimEnd().split('\n');
}
