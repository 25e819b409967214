import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { createGuard, type Guard, type GuardLimits } from '../../src/http/guard.ts';
import { listen } from '../../src/http/listeners.ts';
import { createTally, type Tally } from '../../src/http/tally.ts';
import { createLogger } from '../../src/log.ts';
import { peerShare } from '../../src/peer/peer-share.ts';
import { freePort } from '../world/world.ts';
import { createAuthority, issue } from './certificates.ts';

export type Way = 'plain HTTP' | 'TLS' | 'a Unix socket';
export const ways: readonly Way[] = ['plain HTTP', 'TLS', 'a Unix socket'];

const name = 'idp.tailnet.test';
const authority = createAuthority();

export interface Guarded extends AsyncDisposable {
  readonly guard: Guard;
  readonly tally: Tally;
  /** Every request that Node has handed over. */
  readonly begun: () => number;
  /** Connects, from this loopback address where there are any. */
  open(localAddress?: string): Promise<Socket>;
}

interface Options {
  readonly way: Way;
  readonly limits?: Partial<GuardLimits>;
  readonly total?: number;
  readonly answer: RequestListener;
}

/** A listener of this kind with the guard before it, and nothing behind it but `answer`. */
export async function openGuarded({ way, limits, total, answer }: Options): Promise<Guarded> {
  const directory = await mkdtemp(join(tmpdir(), 'tsidp-guard-'));
  const port = await freePort();
  const path = join(directory, 'here.sock');
  const log = createLogger({
    level: 'error',
    destination: new Writable({ write: (_chunk, _encoding, done) => done() }),
  });
  const tally = createTally(log);
  const all = {
    connectionsPerPeer: 256,
    requestsInFlightPerConnection: 8,
    bodyBytesPerSecond: 1000,
    ...limits,
  };
  const guard = createGuard(all, tally, total);
  let begun = 0;
  const listening = await listen(
    {
      place: way === 'a Unix socket' ? { path } : { address: '127.0.0.1', port },
      tls: way === 'TLS' ? issue(authority, { names: [name] }) : undefined,
      headerLimitBytes: 16_384,
      requestTimeoutMs: 60_000,
      watch(server) {
        server.on('request', () => {
          begun += 1;
        });
        guard.watch(server, way === 'a Unix socket' ? undefined : peerShare);
      },
    },
    guard.pass(answer),
  );
  return {
    guard,
    tally,
    begun: () => begun,
    async open(localAddress = '127.0.0.1') {
      const place = way === 'a Unix socket' ? { path } : { host: '127.0.0.1', port, localAddress };
      const socket =
        way === 'TLS'
          ? connectTls({ ...place, servername: name, ca: authority.cert })
          : connect(place);
      socket.on('error', () => undefined);
      await Promise.race([
        once(socket, way === 'TLS' ? 'secureConnect' : 'connect'),
        once(socket, 'close').then(() => Promise.reject(new Error('the server closed it'))),
      ]);
      return socket;
    },
    async [Symbol.asyncDispose]() {
      await listening.close(0);
      guard.stop();
      tally.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** How many whole answers of status 200 have come on a socket so far. */
export function countAnswers(socket: Socket): () => number {
  let text = '';
  let count = 0;
  socket.on('data', (chunk) => {
    const all = (text + String(chunk)).split('HTTP/1.1 200 ');
    count += all.length - 1;
    text = (all.at(-1) ?? '').slice(-16);
  });
  return () => count;
}
