import { type AccessToken, errors, type KoaContextWithOIDC, type Provider } from 'oidc-provider';
import { type BoundGrant, grantName } from '../../access/bound-grant.ts';
import { ancestorsOf, type FamilyParts } from '../../access/grant-family.ts';
import type { Lineage } from '../../access/may-still.ts';
import { looksStructured } from '../../engine/structured-tokens.ts';
import type { DeviceBinding } from '../../identity/oracle.ts';
import type { Act, MayAct } from '../../protocol/actor-chain.ts';
import { shortNameLength } from '../../store/family-table.ts';
import type { OwnJwt, ReadOwnJwt } from '../../tokens/own-jwt.ts';
import type { PresentedParameter } from './exchange-request.ts';

/** One of our tokens, as somebody presents it for an exchange. Alive when it was read. */
export interface PresentedToken {
  readonly accountId: string;
  /** Whom it was issued to. */
  readonly clientId: string;
  /** The resources that it is for; none for the tokens of a plain login. */
  readonly audience: readonly string[];
  readonly scope: string;
  /** Its scopes at resources are all that may come of it: of a plain login, policy alone says what may. */
  readonly isLimited: boolean;
  /** Epoch seconds: when it ends, or what it rests on. */
  readonly expiresAt: number;
  /** Thumbprint of the key that it is bound to (RFC 9449). */
  readonly keyThumbprint: string | undefined;
  readonly act: Act | undefined;
  readonly mayAct: MayAct | undefined;
  readonly gty: string | undefined;
  /** Of its Grant. */
  readonly family: Lineage & {
    readonly name: string;
    readonly device: DeviceBinding | undefined;
  };
  /** Of an access token: its Grant, and what forgets it. */
  readonly stored?: { readonly grantId: string; destroy(): Promise<void> };
}

export interface TokenSources {
  readonly readJwt: ReadOwnJwt;
  readonly family: FamilyParts;
}

/** @throws errors.InvalidRequest for what is not, or no longer, one of our tokens (RFC 8693 section 2.2.2) */
export async function readPresented(
  ctx: KoaContextWithOIDC,
  { token, type, name }: PresentedParameter,
  { readJwt, family }: TokenSources,
): Promise<PresentedToken> {
  const { provider } = ctx.oidc;
  if (type === 'jwt' && !looksStructured(token)) throw unusable(name);
  const signed = type === 'access_token' ? undefined : await readJwt(token);
  // `jwt` is whatever is one: the header says which (RFC 8693 section 3)
  const isIdToken = signed !== undefined && signed.type !== 'at+jwt';
  if (type === 'id_token' && !isIdToken) throw unusable(name);
  const found = isIdToken
    ? await readIdToken(signed, provider, family)
    : await readAccessToken(token, provider);
  if (!found) throw unusable(name);
  return found;
}

async function readAccessToken(
  value: string,
  provider: Provider,
): Promise<PresentedToken | undefined> {
  const token: AccessToken | undefined = await provider.AccessToken.find(value);
  if (!token || token.isExpired || !token.grantId) return undefined;
  const grant: BoundGrant | undefined = await provider.Grant.find(token.grantId);
  const { clientId, accountId, exp = 0 } = token;
  if (grant?.accountId !== accountId || grant.clientId !== clientId || clientId === undefined) {
    return undefined;
  }
  const { act, may_act: mayAct } = (token.extra ?? {}) as { act?: Act; may_act?: MayAct };
  return {
    accountId,
    clientId,
    audience: [token.aud ?? []].flat(),
    scope: token.scope ?? '',
    isLimited: token.aud !== undefined,
    expiresAt: Math.min(exp, grant.exp ?? exp),
    keyThumbprint: token.jkt,
    act,
    mayAct,
    gty: token.gty,
    stored: { grantId: token.grantId, destroy: () => token.destroy() },
    family: {
      name: grantName(token.grantId),
      device: grant.device,
      actors: grant.actors ?? [],
      ancestors: grant.ancestors ?? [],
    },
  };
}

/** ID tokens leave no row: the first half of their `jti` names the Grant that they came with. */
async function readIdToken(
  { claims, type }: OwnJwt,
  provider: Provider,
  family: FamilyParts,
): Promise<PresentedToken | undefined> {
  const { sub, aud, exp, jti = '', may_act: allowed } = claims;
  const isPlain = type === undefined || type.toUpperCase() === 'JWT';
  const isGood = isPlain && typeof sub === 'string' && typeof aud === 'string' && exp !== undefined;
  if (!isGood || exp <= family.clock.nowSeconds()) return undefined;
  const payload = await family.grants.findByUid(jti.slice(0, shortNameLength));
  const ancestors = payload && (await ancestorsOf(payload, family));
  if (!ancestors) return undefined;
  const grant: BoundGrant = new provider.Grant(payload as never);
  if (grant.isExpired || grant.accountId !== sub || grant.clientId !== aud) return undefined;
  return {
    accountId: sub,
    clientId: aud,
    audience: [],
    // as much as the access tokens of the same login
    scope: [grant.getOIDCScope(), ...Object.values(grant.resources ?? {})].join(' ').trim(),
    isLimited: Object.keys(grant.resources ?? {}).length > 0,
    expiresAt: Math.min(exp, grant.exp ?? exp),
    keyThumbprint: undefined,
    act: undefined,
    mayAct: allowed as MayAct | undefined,
    gty: undefined,
    family: {
      name: String(payload['uid']),
      device: grant.device,
      actors: grant.actors ?? [],
      ancestors,
    },
  };
}

function unusable(name: PresentedParameter['name']): errors.InvalidRequest {
  return new errors.InvalidRequest(
    `${name} is not a token of ours of that type, or it has expired or was revoked`,
  );
}
