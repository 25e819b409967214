import type { Socket } from 'node:net';
import { refuse } from '../../identity/identify.ts';
import type { Oracle } from '../../identity/oracle.ts';
import { parseAddress } from '../../peer/address.ts';
import type { StatusWatch } from '../../peer/status.ts';
import { isOwnHost, takeHost } from '../hosts.ts';
import { type Entrance, requestFacts } from './entrance.ts';
import { isFromProxy } from './proxied.ts';

export interface PeerParts {
  readonly issuer: URL;
  readonly oracle: Oracle;
  readonly status: StatusWatch;
}

/** `tailnet` and `demo`: the peer is the other end of the socket. */
export function socketEntrance(
  kind: 'tailnet' | 'demo',
  { issuer, oracle, status }: PeerParts,
): Entrance {
  return {
    origin: issuer,
    exposure: () => kind,
    takeHost,
    isOwnHost: (host) => isOwnHost(host, issuer.hostname, status.current()),
    facts(request) {
      const { socket } = request;
      const address = remoteAddress(socket);
      const port = socket.remotePort ?? 0;
      const proxied = isFromProxy(request);
      return requestFacts(address ?? 'unknown', async () => {
        if (proxied) return refuse('proxied');
        return address === undefined ? refuse('unknown') : oracle.connection(address, port);
      });
    },
  };
}

/** Canonical; undefined for a connection that is gone already. */
export function remoteAddress(socket: Socket): string | undefined {
  return parseAddress(socket.remoteAddress ?? '');
}
