import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

export interface LocalAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

interface Options {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** One request over a Unix socket, as a local program sends it to tailscaled. */
export async function ask(
  socketPath: string,
  target: string,
  options: Options = {},
): Promise<LocalAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  send(socketPath, target, options).on('response', resolve).on('error', reject);
  const response = await promise;
  const body = await text(response);
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}

export interface BusReader {
  /** The next line; undefined when the stream ended. */
  next(): Promise<Record<string, unknown> | undefined>;
  close(): void;
}

/** Reads `watch-ipn-bus` line by line. */
export async function readBus(socketPath: string, mask: number): Promise<BusReader> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const sent = send(socketPath, `/localapi/v0/watch-ipn-bus?mask=${mask}`, {});
  sent.on('response', resolve).on('error', reject);
  const response = await promise;
  const lines = createInterface({ input: response })[Symbol.asyncIterator]();
  // a stream cut off by the stopping daemon just ends
  const ended = { value: undefined, done: true } as const;
  return {
    next: async () => {
      const { value, done } = await lines.next().catch(() => ended);
      return done ? undefined : JSON.parse(value);
    },
    close: () => sent.destroy(),
  };
}

function send(socketPath: string, target: string, options: Options): ClientRequest {
  const headers = { host: 'local-tailscaled.sock', ...options.headers };
  const { method = 'GET', signal } = options;
  const base = { socketPath, path: target, method, headers, agent: false } as const;
  const sent = request(signal ? { ...base, signal } : base);
  sent.end(options.body);
  return sent;
}
