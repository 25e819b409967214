import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { setImmediate as immediate } from 'node:timers/promises';
import { isOwnTrouble } from '../../access/errors.ts';
import type { RequestFacts } from '../../access/request.ts';
import { refuse } from '../../identity/identify.ts';
import type { Identified } from '../../identity/identity.ts';
import type { Oracle } from '../../identity/oracle.ts';
import type { StatusWatch } from '../../peer/status.ts';
import { isLoopback, parseAddress } from '../../protocol/address.ts';
import { type Entrance, requestFacts } from './entrance.ts';
import { isOwnHost, takeHost } from './hosts.ts';
import { isFromProxy } from './proxied.ts';
import { behindProxy, clientOfProxy, isTrustedProxy } from './trusted-proxy.ts';

export interface PeerParts {
  readonly issuer: URL;
  readonly oracle: Oracle;
  readonly status: StatusWatch;
}

/**
 * `tailnet` and `demo`: the peer is the other end of the socket.
 * @param trustedProxies StableIDs and tags of nodes that may say whom they connect for
 */
export function socketEntrance(
  kind: 'tailnet' | 'demo',
  { issuer, oracle, status }: PeerParts,
  trustedProxies: readonly string[] = [],
): Entrance {
  const names = new Set(trustedProxies);
  return {
    origin: issuer,
    exposure: () => kind,
    takeHost,
    isOwnHost: (host) => isOwnHost(host, issuer.hostname, status.current()),
    share(request) {
      // a trusted proxy's request is the person's whom it carries
      if (names.size > 0 && isFromProxy(request)) return undefined;
      return oracle.share(remoteAddress(request.socket) ?? 'unknown');
    },
    facts(request) {
      const { socket } = request;
      const address = remoteAddress(socket);
      if (address === undefined) return requestFacts('unknown', async () => refuse('unknown'));
      const port = socket.remotePort ?? 0;
      const ask = () =>
        kind === 'demo'
          ? // a simulated tailnet knows these addresses by themselves
            oracle.connection(address, 0)
          : askAbout(socket, { address, port }, oracle);
      if (names.size > 0) return factsBehind(request, address, names, ask, oracle);
      const proxied = isFromProxy(request);
      return requestFacts(address, async () => (proxied ? refuse('proxied') : ask()));
    },
  };
}

/** Where there are proxies that may speak for others (T34): the connection is asked about, then the header read. */
async function factsBehind(
  request: IncomingMessage,
  address: string,
  names: ReadonlySet<string>,
  peer: () => Promise<Identified>,
  oracle: Oracle,
): Promise<RequestFacts> {
  const proxied = isFromProxy(request);
  const client = clientOfProxy(request);
  if (!proxied) {
    return requestFacts(address, async () => {
      const found = await peer();
      // a proxy that does not say for whom speaks for nobody
      return isTrustedProxy(found, names) ? refuse('proxied') : found;
    });
  }
  const found = await peer();
  if (!isTrustedProxy(found, names)) {
    const trouble = !found.ok && isOwnTrouble(found.refusal);
    return requestFacts(address, async () => (trouble ? found : refuse('proxied')));
  }
  const facts = requestFacts(client ?? address, () => behindProxy(client, names, oracle));
  return found.ok ? { ...facts, proxy: found.identity.node.stableId } : facts;
}

/**
 * Who is at the other end of this very connection. A loopback port is its peer's only while it stands: nothing
 * remembered counts there, and no answer that came after its end (T19).
 * @param at of the other end, canonical
 */
export async function askAbout(
  socket: Socket,
  { address, port }: { readonly address: string; readonly port: number },
  oracle: Oracle,
): Promise<Identified> {
  if (!isLoopback(address)) return oracle.connection(address, port);
  if (socket.destroyed) return refuse('unknown');
  const found = await oracle.connection(address, port, {
    fresh: true,
    isWanted: () => !socket.destroyed,
  });
  // an end that came before the answer is heard of by then
  await immediate();
  return socket.destroyed ? refuse('unknown') : found;
}

/** Canonical; undefined for a connection that is gone already. */
export function remoteAddress(socket: Socket): string | undefined {
  return parseAddress(socket.remoteAddress ?? '');
}
