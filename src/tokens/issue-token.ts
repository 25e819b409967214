import type {
  AccessToken,
  Account,
  ClientCredentials,
  Provider,
  TokenEndpointGrantContext,
} from 'oidc-provider';
import * as grantHelpers from 'oidc-provider/lib/helpers/grants.js';
import type { BoundGrant } from '../access/bound-grant.ts';
import { factsOf } from '../access/request.ts';
import type { Resource } from '../access/resources.ts';
import type { Clock } from '../clock.ts';
import type { DeviceBinding } from '../identity/oracle.ts';
import type { Act, MayAct } from '../protocol/actor-chain.ts';
import type { TakenProof } from './proof.ts';
import { resourceServerOf, serverInfo } from './resource-info.ts';

/** Who acts with a token, and what it was made of (RFC 8693). */
export interface Line {
  readonly act: Act | undefined;
  readonly mayAct: MayAct | undefined;
  /** Devices of those who act, newest first. */
  readonly actors: readonly DeviceBinding[];
  /** Whole names of the Grants whose tokens it came from: it ends with any of them. */
  readonly parents: readonly string[];
}

/** A person's or machine's, bound to the device that they were at; or a client's own, which no grant is about. */
export type TokenHolder =
  | {
      readonly kind: 'account';
      readonly account: Account;
      readonly device: DeviceBinding | undefined;
      /** Undefined: nobody acts for them. */
      readonly line: Line | undefined;
    }
  | { readonly kind: 'client' };

/** Every step of issuing has its member, and none may be left out: what a flow has not, it says to have not. */
export interface TokenOrder {
  readonly grantType: string;
  readonly holder: TokenHolder;
  /** The first one says what the token is like. None: a client's own, for no resource. */
  readonly resources: readonly Resource[];
  /** Decided already. */
  readonly scopes: readonly string[];
  /** Epoch seconds. Undefined: the resource or the client says how long it lives. */
  readonly expiresAt: number | undefined;
  readonly proof: TakenProof;
  /** `issued_token_type` of the answer (RFC 8693 section 2.2.1). */
  readonly issuedType: string | undefined;
}

/**
 * The one way to issue a token outside oidc-provider's own grants, and to answer with it: a Grant of its own, which
 * remembers device and actors and ends with what it came from, the resource, the scopes, the life, the key that it is
 * bound to, its row, and what the audit record of the request says (`engine/audit-events.ts` reads the entities). The
 * decision is made before; here nothing is refused, and nothing is written that is not answered.
 */
export async function issueToken(
  ctx: TokenEndpointGrantContext,
  order: TokenOrder,
  clock: Clock,
): Promise<void> {
  const { provider } = ctx.oidc;
  const { holder, resources, scopes, expiresAt, issuedType } = order;
  if (holder.kind === 'account') ctx.oidc.entity('Account', holder.account);
  if (holder.kind === 'account' && holder.line) {
    const { act, mayAct, parents } = holder.line;
    factsOf(ctx).chain = { act, mayAct, parents };
  }
  const [first] = resources;
  const server = first && resourceServerOf(ctx, first, serverInfo(first, scopes));
  const grant = grantFor(ctx, order);
  const grantId = await grant.save();
  ctx.oidc.entity('Grant', grant);
  const token = tokenFor(ctx, order, grantId);
  // oidc-provider's setter takes no absence
  if (server) Object.assign(token, { resourceServer: server });
  if (resources.length > 1) Object.assign(token, { aud: resources.map(({ uri }) => uri) });
  if (order.proof.thumbprint !== undefined) token.setThumbprint('jkt', order.proof.thumbprint);
  ctx.oidc.entity(holder.kind === 'account' ? 'AccessToken' : 'ClientCredentials', token);
  const accessToken = await token.save();
  ctx.body = grantHelpers.buildTokenResponse(provider, {
    accessToken,
    expiresIn: expiresAt === undefined ? token.expiration : expiresAt - clock.nowSeconds(),
    scope: token.scope ?? '',
    tokenType: token.tokenType,
    ...(issuedType === undefined ? {} : { issuedTokenType: issuedType }),
  } as never);
}

function grantFor(
  { oidc }: TokenEndpointGrantContext,
  { holder, resources, scopes }: TokenOrder,
): BoundGrant {
  const { clientId } = oidc.client;
  const { Grant } = oidc.provider;
  const who = holder.kind === 'account' ? { accountId: holder.account.accountId } : {};
  const grant: BoundGrant = new Grant({ clientId, ...who } as ConstructorParameters<
    Provider['Grant']
  >[0]);
  if (holder.kind === 'account') {
    const { device, line } = holder;
    Object.assign(grant, { device, ...(line && { parents: line.parents, actors: line.actors }) });
  }
  for (const { uri } of resources) grant.addResourceScope(uri, [...scopes]);
  return grant;
}

function tokenFor(
  { oidc }: TokenEndpointGrantContext,
  { grantType, holder, scopes, expiresAt }: TokenOrder,
  grantId: string,
): AccessToken | ClientCredentials {
  const { client, provider } = oidc;
  const scope = scopes.join(' ') || undefined;
  // to the second: a life counted from the moment of saving could be longer than that of a subject_token
  const exp = expiresAt === undefined ? {} : { exp: expiresAt };
  if (holder.kind === 'client') {
    return new provider.ClientCredentials({ client, grantId, scope, ...exp } as never);
  }
  const { accountId } = holder.account;
  const of = { accountId, client, grantId, gty: grantType, scope };
  return new provider.AccessToken({ ...of, ...exp } as never);
}
