import type { RequestListener, Server } from 'node:http';
import type { Config } from '../config/config.ts';
import { type Connections, createConnections } from './connections.ts';
import { createTurns } from './pipelining.ts';
import { createSlowBodies } from './slow-bodies.ts';
import type { Tally } from './tally.ts';

/** What stands before every listener's app, so that nobody who can reach it harms the others (T30, T36, T38). */
export interface Guard {
  readonly connections: Connections;
  /** Lets requests pass as they may. */
  pass(answer: RequestListener): RequestListener;
  /**
   * Watches a listener's connections.
   * @param of whose one is by its address (`Connections.watch`); undefined where all of them are tailscaled's or the
   * command line's
   */
  watch(server: Server, of: ((address: string) => string | undefined) | undefined): void;
  stop(): void;
}

/** What it needs of the configuration. */
export type GuardLimits = Pick<
  Config['limits'],
  'connectionsPerPeer' | 'requestsInFlightPerConnection' | 'bodyBytesPerSecond'
>;

/** @param total connections of all peers together; default 8192 */
export function createGuard(limits: GuardLimits, tally: Tally, total = 8192): Guard {
  const connections = createConnections({ perPeer: limits.connectionsPerPeer, total }, tally);
  const inTurn = createTurns({
    perConnection: limits.requestsInFlightPerConnection,
    onEnded: (socket) => tally.count('pipelining', socket.remoteAddress),
  });
  const slowBodies = createSlowBodies({
    bytesPerSecond: limits.bodyBytesPerSecond,
    onEnded: ({ socket }) => tally.count('slowBodies', socket.remoteAddress),
  });
  return {
    connections,
    pass: (answer) => inTurn(slowBodies.watch(answer)),
    watch(server, of) {
      if (of) connections.watch(server, of);
      countBroken(server, tally);
    },
    stop: () => slowBodies.stop(),
  };
}

/** Node answers what is no HTTP, or does not come in time, by itself. */
function countBroken(server: Server, tally: Tally): void {
  const count = ({ code = '' }: NodeJS.ErrnoException, from: string | undefined): void => {
    if (/TIMEOUT/u.test(code)) tally.count('slowRequests', from);
    else if (/^(HPE|ERR_SSL)_/u.test(code)) tally.count('malformed', from);
  };
  const event = 'setSecureContext' in server ? 'secureConnection' : 'connection';
  server.on(event, (socket) => {
    const { remoteAddress } = socket;
    socket.on('error', (error: Error) => count(error, remoteAddress));
  });
  server.on('tlsClientError', (error: Error, socket) => count(error, socket.remoteAddress));
}
