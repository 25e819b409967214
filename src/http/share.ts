import type { Context } from 'koa';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { factsOf } from '../access/request.ts';
import type { RouteKind } from './identify/entrance.ts';
import type { Place } from './load.ts';
import type { AppParts } from './parts.ts';
import { Shed } from './shed.ts';

const places = new WeakMap<Context, Place>();

/** The request's own place among those under way. */
export function setPlace(ctx: Context, place: Place): void {
  places.set(ctx, place);
}

/**
 * Who sent it is known by now: the request and its connection count for them.
 * @returns whose share it is; undefined for nobody's
 * @throws Shed when their share is full
 */
export function takeShare(
  ctx: Context,
  { entrance, settings, connections }: AppParts,
  kind: RouteKind,
): string | undefined {
  const facts = factsOf(ctx);
  const known = entrance.share(ctx.req);
  // nobody is asked who reads metadata, so where the address does not say it, it is still nobody's
  const isUnasked = known === undefined && (kind === 'metadata' || kind === 'health');
  if (facts.admin || isUnasked) return undefined;
  const share = known ?? settings.oracle.share(facts.peer);
  if (places.get(ctx)?.claim(share) === false) throw new Shed('peer', share);
  // a trusted proxy's connections carry many people
  connections.claim(ctx.req.socket, facts.proxy === undefined ? share : undefined);
  return share;
}

/** From now on the connection is this client's: its server may have an address with others. */
export function shareOfClient(ctx: Context, { connections }: AppParts): void {
  const { client } = (ctx as KoaContextWithOIDC).oidc ?? {};
  if (!client || client.clientAuthMethod === 'none') return;
  if (ctx.method !== 'POST' || ctx.status >= 400) return;
  connections.claim(ctx.req.socket, `client ${client.clientId}`);
}
