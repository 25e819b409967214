import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Answers, Target } from './attack.ts';
import { attackerAt } from './people.ts';

/** One request of the attacker's. */
export interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Where the connection comes from; default: the attacker's first device. */
  readonly from?: string;
  /** Through the `serve` listener, from the peer with this address. */
  readonly forwardedFor?: string;
}

export const form = { 'content-type': 'application/x-www-form-urlencoded' };
export const json = { 'content-type': 'application/json' };

/** Counts one more of these. */
export function count(answers: Answers, name: string | number): void {
  answers[name] = (answers[name] ?? 0) + 1;
}

/** Requests one after another on each of so many connections, until the signal. */
export async function flood(
  target: Target,
  connections: number,
  next: (index: number) => Sent,
  signal: AbortSignal,
): Promise<Answers> {
  const answers: Answers = {};
  let index = 0;
  const worker = async (): Promise<void> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (!signal.aborted) {
      const status = await ask(target, next(index++), agent, signal);
      if (signal.aborted) break;
      count(answers, status);
      // whoever is cut off would only be busy with itself
      if (status === 'cut') await pause(5);
    }
    agent.destroy();
  };
  await Promise.all(Array.from({ length: connections }, worker));
  return answers;
}

/** The status of the answer, or `cut`. */
function ask(
  target: Target,
  { method, path, headers, body, from = attackerAt().loopback, forwardedFor }: Sent,
  agent: Agent,
  signal: AbortSignal,
): Promise<number | 'cut'> {
  const { promise, resolve } = Promise.withResolvers<number | 'cut'>();
  const { host, port, socketPath } = target;
  const sent = request(
    {
      ...(forwardedFor === undefined ? { host, port, localAddress: from } : { socketPath }),
      path,
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      agent,
      signal,
      // a long state comes back in one
      maxHeaderSize: 262_144,
      headers: {
        host: new URL(target.issuer).host,
        ...(forwardedFor === undefined ? {} : asTailscaled(target, forwardedFor)),
        ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
        ...headers,
      },
    },
    (response) => {
      response.resume();
      response.on('error', () => resolve('cut'));
      response.on('end', () => resolve(response.statusCode ?? 0));
    },
  );
  sent.on('error', () => resolve('cut'));
  sent.end(body);
  return promise;
}

const asTailscaled = ({ issuer }: Target, address: string) => ({
  'x-forwarded-for': address,
  'x-forwarded-host': new URL(issuer).host,
});

/** A connection from the attacker's first device; resolves when it stands, or to undefined when it is refused. */
export function dial(target: Target, signal: AbortSignal): Promise<Socket | undefined> {
  const { promise, resolve } = Promise.withResolvers<Socket | undefined>();
  const { host, port } = target;
  const socket = connect({ host, port, localAddress: attackerAt().loopback });
  const end = () => socket.destroy();
  signal.addEventListener('abort', end, { once: true });
  socket.once('connect', () => resolve(socket));
  socket.on('error', () => resolve(undefined));
  socket.once('close', () => {
    signal.removeEventListener('abort', end);
    resolve(undefined);
  });
  return promise;
}

/** On average, at times of their own: storms of new connections are not what these attacks are about. */
const redialMs = 4000;

/**
 * Holds so many connections until the signal, and opens another one, a moment later, for each that is ended.
 * @param hold says something on one that stands
 */
export async function holdConnections(
  target: Target,
  connections: number,
  hold: (socket: Socket) => void,
  signal: AbortSignal,
  begun: () => void,
): Promise<Answers> {
  const answers: Answers = {};
  let stood = 0;
  const worker = async (): Promise<void> => {
    while (!signal.aborted) {
      const socket = await dial(target, signal);
      if (socket) {
        count(answers, 'held');
        socket.on('data', (chunk: Buffer) => {
          const status = /^HTTP\/1\.1 (\d{3})/.exec(chunk.toString('latin1'))?.[1];
          if (status !== undefined) count(answers, status);
        });
        hold(socket);
        stood += 1;
        if (stood === connections) begun();
        await new Promise((done) => socket.once('close', done));
      }
      if (signal.aborted) return;
      count(answers, 'cut');
      await pause(redialMs * (0.5 + Math.random()));
    }
  };
  const startMs = Date.now();
  // not all at once: the machine's own queue of new connections is short
  const workers: Promise<void>[] = [];
  for (let index = 0; index < connections && !signal.aborted; index += 1) {
    workers.push(worker());
    if (index % 50 === 49) await pause(5);
  }
  // those that are refused never stand
  const timer = setTimeout(begun, Math.max(0, 3000 - (Date.now() - startMs)));
  await Promise.all(workers);
  clearTimeout(timer);
  return answers;
}
