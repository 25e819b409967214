import type { TokenEndpointGrantContext } from 'oidc-provider';
import * as grantHelpers from 'oidc-provider/lib/helpers/grants.js';
import type { BoundGrant } from '../../access/bound-grant.ts';
import { factsOf } from '../../access/request.ts';
import { mayBeClient, type Resource } from '../../access/resources.ts';
import type { Clock } from '../../clock.ts';
import type { Act } from '../../protocol/actor-chain.ts';
import { tokenExchangeGrant } from '../../protocol/grant-types.ts';
import { bindToProof, type Proof } from '../../tokens/proof.ts';
import { resourceServerOf, serverInfo } from '../../tokens/resource-info.ts';
import type { Acting } from './exchange-actor.ts';
import { type ExchangeRequest, issuedType } from './exchange-request.ts';
import type { Narrowed } from './exchange-scopes.ts';
import type { PresentedToken } from './presented-token.ts';

export interface Exchanged {
  readonly subject: PresentedToken;
  readonly acting: Acting | undefined;
  readonly act: Act | undefined;
  readonly narrowed: Narrowed;
  readonly tokenType: ExchangeRequest['tokenType'];
  readonly proof: Proof | undefined;
}

/**
 * Issues the token under a Grant of its own, which remembers the device of the subject, those of all actors, and
 * the Grants that it came from: it ends with any of them.
 */
export async function issueExchanged(
  ctx: TokenEndpointGrantContext,
  { subject, acting, act, narrowed, tokenType, proof }: Exchanged,
  clock: Clock,
): Promise<void> {
  const { client, provider } = ctx.oidc;
  const { resources, scopes, expiresAt } = narrowed;
  const [first] = resources;
  const server = resourceServerOf(
    ctx,
    first,
    serverInfo(asRequested(first, tokenType, resources), scopes),
  );
  const parents = [subject.family.name, ...(acting?.token ? [acting.token.family.name] : [])];
  const actors = [...(acting ? [acting.device] : []), ...subject.family.actors];
  const chain = { act, mayAct: subject.mayAct, parents };
  factsOf(ctx).chain = chain;
  const grant: BoundGrant = new provider.Grant({
    accountId: subject.accountId,
    clientId: client.clientId,
  });
  Object.assign(grant, { device: subject.family.device, parents, actors });
  for (const { uri } of resources) grant.addResourceScope(uri, [...scopes]);
  const grantId = await grant.save();
  ctx.oidc.entity('Grant', grant);

  const token = new provider.AccessToken({
    accountId: subject.accountId,
    client,
    grantId,
    gty: tokenExchangeGrant,
    scope: scopes.join(' ') || undefined,
    // to the second: a life counted from the moment of saving could be longer than that of the subject_token
    exp: expiresAt,
  } as never);
  Object.assign(token, { resourceServer: server });
  if (resources.length > 1) Object.assign(token, { aud: resources.map(({ uri }) => uri) });
  bindToProof(token, proof);
  ctx.oidc.entity('AccessToken', token);
  const accessToken = await token.save();
  ctx.body = grantHelpers.buildTokenResponse(provider, {
    accessToken,
    expiresIn: expiresAt - clock.nowSeconds(),
    scope: token.scope ?? '',
    tokenType: token.tokenType,
    issuedTokenType: issuedType(tokenType),
  } as never);
}

/**
 * A JWT where one is asked for, or where any of the resources verifies tokens by itself; opaque where one of them may
 * be an app, for which a JWT would pass for an ID token.
 */
function asRequested(
  resource: Resource,
  tokenType: ExchangeRequest['tokenType'],
  resources: readonly Resource[],
): Resource {
  const isJwt = tokenType === 'jwt' || resources.some(({ tokenFormat }) => tokenFormat === 'jwt');
  return { ...resource, tokenFormat: isJwt && !resources.some(mayBeClient) ? 'jwt' : 'opaque' };
}
