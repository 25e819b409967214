import type { Socket } from 'node:net';
import type { Context } from 'koa';
import { refuse } from '../../identity/identify.ts';
import { peerShare } from '../../peer/peer-share.ts';
import { parseAddress } from '../../protocol/address.ts';
import { type Entrance, requestFacts } from './entrance.ts';
import { hostname, takeHost } from './hosts.ts';
import { remoteAddress } from './socket.ts';

export interface BackchannelParts {
  /** How apps reach this listener. */
  readonly baseUrl: URL;
  /** Where it listens. */
  readonly address: string;
  /** The client that has authenticated on this connection. */
  readonly ownerOf: (socket: Socket) => string | undefined;
}

/**
 * `backchannel`: for the servers of apps that are not in the tailnet, in the same pod or network. Nobody has an
 * identity here; apps authenticate with their secrets.
 */
export function backchannelEntrance({ baseUrl, address, ownerOf }: BackchannelParts): Entrance {
  const own = new Set([baseUrl.hostname.replace(/^\[(.*)\]$/, '$1'), parseAddress(address)]);
  return {
    origin: baseUrl,
    exposure: () => 'backchannel',
    takeHost,
    isOwnHost: (host) => own.has(hostname(host)),
    share: ({ socket }) => ownerOf(socket) ?? peerShare(remoteAddress(socket) ?? 'unknown'),
    facts: ({ socket }) =>
      requestFacts(remoteAddress(socket) ?? 'unknown', async () => refuse('unknown')),
  };
}

/** Metadata members whose endpoints this listener has, at its own base URL. */
const ownEndpoints: ReadonlySet<string> = new Set([
  'jwks_uri',
  'token_endpoint',
  'device_authorization_endpoint',
  'userinfo_endpoint',
  'introspection_endpoint',
  'revocation_endpoint',
]);

/** Every other endpoint of the metadata stays at the issuer: browsers go there. */
export function keepFrontChannel(ctx: Context, issuer: URL, baseUrl: URL): void {
  const body: unknown = ctx.body;
  if (typeof body !== 'object' || body === null || !('issuer' in body)) return;
  const metadata = body as Record<string, unknown>;
  for (const [name, value] of Object.entries(metadata)) {
    if (typeof value !== 'string' || ownEndpoints.has(name)) continue;
    if (value.startsWith(`${baseUrl.origin}/`)) {
      metadata[name] = issuer.origin + value.slice(baseUrl.origin.length);
    }
  }
}
