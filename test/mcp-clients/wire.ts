import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** A request that a server of this process answered. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly status: number;
  /** When it was answered; epoch milliseconds. */
  readonly at: number;
}

export interface Wire extends Disposable {
  /** In the order of their answers. */
  readonly exchanges: readonly Exchange[];
  /** Forms that `/token` answered with 200, by grant type. */
  redeemed(grantType: string): URLSearchParams[];
  /** When `/token` last gave a token; epoch milliseconds. */
  issuedAt(): number;
  /** JSON bodies that `/register` took. */
  registered(): Record<string, unknown>[];
}

interface Finished {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Listens in on every server of this process that has one of these ports; changes nothing. */
export function listenIn(ports: readonly number[]): Wire {
  const exchanges: Exchange[] = [];
  const bodies = new WeakMap<IncomingMessage, Buffer[]>();
  const begin = (message: unknown): void => {
    const { request } = message as Finished;
    if (!ports.includes(request.socket.localPort ?? 0)) return;
    const chunks: Buffer[] = [];
    bodies.set(request, chunks);
    const emit = request.emit.bind(request);
    // whoever reads the body causes this event; a listener of our own would read it before them
    request.emit = (event: string | symbol, ...args: unknown[]) => {
      if (event === 'data') chunks.push(Buffer.from(args[0] as Buffer));
      return emit(event as never, ...(args as never[]));
    };
  };
  const end = (message: unknown): void => {
    const { request, response } = message as Finished;
    const chunks = bodies.get(request);
    if (!chunks) return;
    exchanges.push({
      method: request.method ?? '',
      path: (request.url ?? '').split('?')[0] ?? '',
      body: Buffer.concat(chunks).toString('utf8'),
      status: response.statusCode,
      at: Date.now(),
    });
  };
  subscribe('http.server.request.start', begin);
  subscribe('http.server.response.finish', end);
  return {
    exchanges,
    redeemed: (grantType) =>
      exchanges
        .filter(({ path, status }) => path === '/token' && status === 200)
        .map(({ body }) => new URLSearchParams(body))
        .filter((form) => form.get('grant_type') === grantType),
    issuedAt: () =>
      exchanges.findLast(({ path, status }) => path === '/token' && status === 200)?.at ?? 0,
    registered: () =>
      exchanges
        .filter(({ path, status }) => path === '/register' && status === 201)
        .map(({ body }) => JSON.parse(body)),
    [Symbol.dispose]() {
      unsubscribe('http.server.request.start', begin);
      unsubscribe('http.server.response.finish', end);
    },
  };
}
