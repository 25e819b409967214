import type { Client, KoaContextWithOIDC } from 'oidc-provider';
import type { Endable } from '../endings/end-refused.ts';
import type { DeviceBinding } from '../identity/oracle.ts';
import type { Party } from '../policy/decide-act.ts';
import type { Denied } from '../policy/decision.ts';
import { tokenExchangeGrant } from '../protocol/grant-types.ts';
import { lineageOf } from './bound-grant.ts';
import type { Ancestor } from './grant-family.ts';
import { mayStillAct } from './may-still-act.ts';
import { type Holder, mayStillBe, mayStillEnter } from './may-still-hold.ts';
import { resourceScopesOf } from './resource-scopes.ts';
import type { ProviderSettings } from './settings.ts';
import { type ResourceToken, stillGranted } from './still-granted.ts';

/** What a token remembers of the login that it came from. */
export interface IssuedToken extends ResourceToken, Endable {
  readonly clientId?: string | undefined;
  readonly gty?: string | undefined;
  /** The device behind it. */
  readonly binding?: DeviceBinding | undefined;
  /** Who acts, and what it descends from, where the caller has read its Grant already. */
  readonly lineage?: Lineage | undefined;
}

/** What a Grant remembers of the exchanges that it came from. */
export interface Lineage {
  /** Newest first. */
  readonly actors: readonly DeviceBinding[];
  readonly ancestors: readonly Ancestor[];
}

export type StillGood =
  | {
      readonly allowed: true;
      /** Those of the token, without what no grant gives any more. */
      readonly scopes: readonly string[];
      /** Who acts with it, newest. */
      readonly actor?: Party | undefined;
    }
  | (Denied & {
      /** Its login may still be good for something else. */
      readonly tokenAlone?: boolean;
    });

/** What a token is worth now, by the grants and by who is behind it (T04, T13). */
export async function stillGood(
  ctx: KoaContextWithOIDC,
  token: IssuedToken,
  holder: Holder,
  settings: ProviderSettings,
): Promise<StillGood> {
  if (token.gty === tokenExchangeGrant) return stillExchanged(ctx, token, holder, settings);
  const decision =
    token.gty === 'client_credentials'
      ? mayStillBe(holder, [token.aud ?? []].flat())
      : mayStillEnter(holder, settings);
  if (!decision.allowed) return decision;
  const granted = stillGranted(token, holder, settings);
  if (granted.allowed || token.aud === undefined) return granted;
  return { ...granted, tokenAlone: await hasOtherResources(ctx, token) };
}

/** Was its login for more than this access token is? */
async function hasOtherResources(
  { oidc }: KoaContextWithOIDC,
  { grantId, aud }: IssuedToken,
): Promise<boolean> {
  const grant = grantId === undefined ? undefined : await oidc.provider.Grant.find(grantId);
  const own = [aud ?? []].flat();
  return Object.keys(grant?.resources ?? {}).some((uri) => !own.includes(uri));
}

async function stillExchanged(
  ctx: KoaContextWithOIDC,
  token: IssuedToken,
  holder: Holder,
  settings: ProviderSettings,
): Promise<StillGood> {
  const { actors, ancestors } = token.lineage ?? (await lineageOf(ctx, token.grantId));
  const clients = (id: string) => clientOf(ctx, id);
  const asked = { subject: holder.known, actors, resources: token.aud, ancestors };
  const acting = await mayStillAct(asked, clients, settings);
  if (!acting.allowed) return acting;
  const granted = stillGranted({ ...token, isExchanged: true }, holder, settings);
  if (!granted.allowed) return granted;
  const beyond = new Set(
    acting.ceiling && resourceScopesOf(granted.scopes).filter((one) => !acting.ceiling?.has(one)),
  );
  const scopes = granted.scopes.filter((scope) => !beyond.has(scope));
  return { allowed: true, scopes, actor: acting.actor };
}

/** Mostly the request's own client, which is loaded already. */
export async function clientOf(
  { oidc }: KoaContextWithOIDC,
  clientId: string | undefined,
): Promise<Client | undefined> {
  if (oidc.client && oidc.client.clientId === clientId) return oidc.client;
  return oidc.provider.Client.find(clientId ?? '');
}
