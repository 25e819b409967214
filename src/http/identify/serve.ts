import type { IncomingMessage } from 'node:http';
import { refuse } from '../../identity/identify.ts';
import { isTailnetAddress } from '../../peer/address.ts';
import { isLoopback, parseAddress } from '../../protocol/address.ts';
import { type Entrance, requestFacts } from './entrance.ts';
import { hasOneHost, isOwnHost } from './hosts.ts';
import { isFromProxy } from './proxied.ts';
import type { PeerParts } from './socket.ts';

/** What tailscaled itself sets, having removed whatever the client sent under these names. */
const ownProxy: ReadonlySet<string> = new Set([
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
]);

/**
 * `serve`: behind `tailscale serve` or Funnel, at a Unix socket that nobody but our user and root can open. So the
 * headers that tailscaled sets can be believed: the peer's address, and that a request came over Funnel. Its
 * `Tailscale-User-*` are never looked at: who the peer is says whois, as everywhere (T19).
 */
export function serveEntrance({ issuer, oracle, status }: PeerParts): Entrance {
  return {
    origin: issuer,
    exposure: (request) => (isFunnel(request) ? 'funnel' : 'serve'),
    takeHost(request) {
      // `Host` is tailscaled's own word for the socket
      const { 'x-forwarded-host': hosts = [] } = request.headersDistinct;
      const { url = '' } = request;
      return hasOneHost(request) && hosts.length === 1 && url.startsWith('/')
        ? hosts[0]
        : undefined;
    },
    isOwnHost: (host) => isOwnHost(host, issuer.hostname, status.current()),
    share: (request) => oracle.share(forwardedFor(request) ?? 'unknown'),
    facts(request) {
      const address = forwardedFor(request);
      const funnel = isFunnel(request);
      const proxied = isFromProxy(request, ownProxy);
      return requestFacts(address ?? 'unknown', async () => {
        if (funnel) return refuse('funnel');
        if (proxied) return refuse('proxied');
        // a loopback address is nobody's in a tailnet, and asking for one costs tailscaled dearly
        if (address === undefined || isLoopback(address)) return refuse('unknown');
        // tailscaled keeps the peer's port to itself; a tailnet address is found by itself
        return oracle.connection(address, 0);
      });
    },
  };
}

/** Marked so by tailscaled; older ones mark nothing, but only Funnel brings an address from outside. */
function isFunnel(request: IncomingMessage): boolean {
  if ('tailscale-funnel-request' in request.headers) return true;
  const address = forwardedFor(request);
  return address !== undefined && !isTailnetAddress(address) && !isLoopback(address);
}

/** Exactly one bare address, as tailscaled writes it; undefined for anything else. */
function forwardedFor({ headersDistinct }: IncomingMessage): string | undefined {
  const values = headersDistinct['x-forwarded-for'] ?? [];
  const [value] = values;
  if (value === undefined || values.length !== 1 || value.includes('%')) return undefined;
  return parseAddress(value);
}
