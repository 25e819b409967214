import type { TokenEndpointGrantContext } from 'oidc-provider';
import { mayBeClient, type Resource } from '../../access/resources.ts';
import type { Clock } from '../../clock.ts';
import type { Act } from '../../protocol/actor-chain.ts';
import { tokenExchangeGrant } from '../../protocol/grant-types.ts';
import type { TailnetAccount } from '../../tokens/account.ts';
import { issueToken } from '../../tokens/issue-token.ts';
import type { TakenProof } from '../../tokens/proof.ts';
import type { Acting } from './exchange-actor.ts';
import { type ExchangeRequest, issuedType } from './exchange-request.ts';
import type { Narrowed } from './exchange-scopes.ts';
import type { PresentedToken } from './presented-token.ts';

export interface Exchanged {
  readonly subject: PresentedToken;
  readonly account: TailnetAccount;
  readonly acting: Acting | undefined;
  readonly act: Act | undefined;
  readonly narrowed: Narrowed;
  readonly tokenType: ExchangeRequest['tokenType'];
  readonly proof: TakenProof;
}

/** Issues the token bound to the device of the subject, those of all actors, and the Grants that it came from. */
export async function issueExchanged(
  ctx: TokenEndpointGrantContext,
  { subject, account, acting, act, narrowed, tokenType, proof }: Exchanged,
  clock: Clock,
): Promise<void> {
  const { family, mayAct } = subject;
  const parents = [family.name, ...(acting?.token ? [acting.token.family.name] : [])];
  const actors = [...(acting ? [acting.device] : []), ...family.actors];
  const { scopes, expiresAt } = narrowed;
  await issueToken(
    ctx,
    {
      grantType: tokenExchangeGrant,
      holder: {
        kind: 'account',
        account,
        device: family.device,
        line: { act, mayAct, actors, parents },
      },
      resources: asRequested(narrowed.resources, tokenType),
      scopes,
      expiresAt,
      proof,
      issuedType: issuedType(tokenType),
    },
    clock,
  );
}

/**
 * A JWT where one is asked for, or where any of the resources verifies tokens by itself; opaque where one of them may
 * be an app, for which a JWT would pass for an ID token (T06).
 */
function asRequested(
  resources: readonly Resource[],
  tokenType: ExchangeRequest['tokenType'],
): readonly Resource[] {
  const isJwt = tokenType === 'jwt' || resources.some(({ tokenFormat }) => tokenFormat === 'jwt');
  const tokenFormat = isJwt && !resources.some(mayBeClient) ? 'jwt' : 'opaque';
  return resources.map((resource) => ({ ...resource, tokenFormat }));
}
