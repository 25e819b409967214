import type { Grant, KoaContextWithOIDC } from 'oidc-provider';
import type { Identity } from '../identity/identity.ts';
import type { DeviceBinding } from '../identity/oracle.ts';
import { nameOf } from '../store/family-table.ts';
import type { Ancestor } from './grant-family.ts';

/** A Grant with the name of the browser session that it was given in. */
export interface SessionGrant extends Grant {
  session?: string;
  /** Names of the Grants whose tokens were exchanged for this one's. */
  parents?: readonly string[];
  /** Those and all that they descend from; where it was found in this request. */
  ancestors?: readonly Ancestor[];
}

/** An oidc-provider Grant with the device and the session that the login came from. */
export interface BoundGrant extends SessionGrant, Waiting {
  device?: DeviceBinding;
  /** Of whoever acts for the subject, newest first. */
  actors?: readonly DeviceBinding[];
}

/** What a Grant is called in the store and in the Grants that descend from it. */
export function grantName(grantId: string): string {
  return nameOf(grantId);
}

/** The device behind a token's Grant; undefined when the Grant is gone, which is how tokens are revoked. */
export async function bindingOf(
  ctx: KoaContextWithOIDC,
  grantId: string | undefined,
): Promise<DeviceBinding | undefined> {
  const loaded = ctx.oidc.entities.Grant as BoundGrant | undefined;
  if (loaded && loaded.jti === grantId) return loaded.device;
  if (!grantId) return undefined;
  const grant: BoundGrant | undefined = await ctx.oidc.provider.Grant.find(grantId);
  return grant?.device;
}

/** The devices of those who act with a token, newest first, and the Grants that it descends from. */
export async function lineageOf(
  ctx: KoaContextWithOIDC,
  grantId: string | undefined,
): Promise<Required<Pick<BoundGrant, 'actors' | 'ancestors'>>> {
  const grant: BoundGrant | undefined = grantId
    ? await ctx.oidc.provider.Grant.find(grantId)
    : undefined;
  return { actors: grant?.actors ?? [], ancestors: grant?.ancestors ?? [] };
}

/** What a Grant remembers of the device that it was given to. */
export function deviceBinding(identity: Identity): DeviceBinding {
  const prefix = identity.node.addresses[0];
  if (prefix === undefined) throw new Error('a tailnet device without an address');
  return {
    stableId: identity.node.stableId,
    address: prefix.replace(/\/\d+$/, ''),
    tags: identity.kind === 'machine' ? identity.tags : [],
  };
}

/** A Grant or session as it is stored until a code of it is redeemed (`store/sqlite/redemption.ts`). */
export interface Waiting {
  /** How long it lives unless one is. Undefined: one was, or none ever will be. */
  waitSeconds?: number;
}
