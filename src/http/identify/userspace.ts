import type { Socket } from 'node:net';
import { refuse } from '../../identity/identify.ts';
import type { Identified } from '../../identity/identity.ts';
import { prefixAddress } from '../../peer/address.ts';
import { type Entrance, requestFacts } from './entrance.ts';
import { isOwnHost, takeHost } from './hosts.ts';
import { isFromProxy } from './proxied.ts';
import { askAbout, type PeerParts, remoteAddress } from './socket.ts';

export interface UserspaceParts extends PeerParts {
  /** Monotonic; default `performance.now`. */
  readonly nowMs?: () => number;
}

/** What a connection was found to be when it was first asked about. */
interface Known {
  readonly identified: Promise<Identified>;
  readonly askedMs: number;
  /** The device at its other end, once there was one. */
  device: { readonly stableId: string; readonly address: string } | undefined;
}

/** Each question about a connection of nobody's costs tailscaled 180 ms under its main lock. */
const missMs = 5000;

/**
 * `userspace`: where tailscaled runs without TUN it dials our loopback port for its peers, so a connection's own
 * port is the only sign of who it is, and local programs come the same way. tailscaled knows the port only while
 * the connection stands: it is asked at the first request, the answer belongs to this very socket, and never to
 * the next one with the same port. Later requests ask about the device found then, so what it may is never older
 * than whois' own cache.
 */
export function userspaceEntrance(parts: UserspaceParts): Entrance {
  const { issuer, oracle, status, nowMs = () => performance.now() } = parts;
  const connections = new WeakMap<Socket, Known>();

  const first = (socket: Socket): Promise<Identified> => {
    const address = remoteAddress(socket);
    const port = socket.remotePort;
    if (address === undefined || port === undefined) return Promise.resolve(refuse('unknown'));
    const identified = askAbout(socket, { address, port }, oracle);
    const known: Known = { identified, askedMs: nowMs(), device: undefined };
    connections.set(socket, known);
    return identified.then((answer) => {
      known.device = deviceOf(answer);
      // trouble of our own passes, and is no answer
      if (!answer.ok && answer.refusal.code === 'unavailable') connections.delete(socket);
      return answer;
    });
  };
  const ask = async (socket: Socket): Promise<Identified> => {
    const known = connections.get(socket);
    if (!known) return first(socket);
    const answer = await known.identified;
    if (!known.device) return nowMs() - known.askedMs < missMs ? answer : first(socket);
    const now = await oracle.connection(known.device.address, 0);
    return now.ok && now.identity.node.stableId !== known.device.stableId ? refuse('unknown') : now;
  };

  return {
    origin: issuer,
    exposure: () => 'userspace',
    takeHost,
    isOwnHost: (host) => isOwnHost(host, issuer.hostname, status.current()),
    share({ socket }) {
      const address = connections.get(socket)?.device?.address;
      return address === undefined ? undefined : oracle.share(address);
    },
    async facts(request, kind) {
      const { socket } = request;
      const proxied = isFromProxy(request);
      // every peer comes from 127.0.0.1: without its own address, one who floods or guesses would lock out all
      if ((kind === 'api' || kind === 'page') && !connections.has(socket)) await first(socket);
      const peer = connections.get(socket)?.device?.address ?? remoteAddress(socket) ?? 'unknown';
      return requestFacts(peer, async () => (proxied ? refuse('proxied') : ask(socket)));
    },
  };
}

function deviceOf(answer: Identified): Known['device'] {
  if (!answer.ok) return undefined;
  const { stableId, addresses } = answer.identity.node;
  const address = addresses.map(prefixAddress).find((found) => found !== undefined);
  return address === undefined ? undefined : { stableId, address };
}
