import type { TokenEndpointGrantContext } from 'oidc-provider';
import { deviceBinding } from '../../access/bound-grant.ts';
import { factsOf } from '../../access/request.ts';
import type { ProviderSettings } from '../../access/settings.ts';
import { subjectOf } from '../../identity/subject.ts';
import { type Party, partyOf } from '../../policy/decide-act.ts';
import type { TailnetAccount } from '../../tokens/account.ts';
import type { Actor } from './actor-chain.ts';
import type { PresentedParameter } from './exchange-request.ts';
import { accountOfToken, refused } from './exchange-token.ts';
import { type PresentedToken, readPresented, type TokenSources } from './presented-token.ts';

/** Who acts with the new token, and what ties that to the network. */
export interface Acting {
  readonly actor: Actor;
  readonly party: Party;
  readonly device: ReturnType<typeof deviceBinding>;
  /** The `actor_token`; none for a machine that is known by its connection. */
  readonly token: PresentedToken | undefined;
}

/**
 * The actor by its token, else the machine that calls, proved by the connection; else nobody, and the subject is
 * impersonated. A token proves an actor to the client that it was issued to alone: whoever else holds it was sent it,
 * as every resource is, and would act in its name.
 * @throws errors.InvalidRequest
 */
export async function actorOf(
  ctx: TokenEndpointGrantContext,
  presented: PresentedParameter | undefined,
  sources: TokenSources,
  settings: ProviderSettings,
): Promise<Acting | undefined> {
  const { client } = ctx.oidc;
  const { machine } = factsOf(ctx);
  if (!presented) return machine && acting(machine, client.clientId, undefined);
  const token = await readPresented(ctx, presented, sources);
  if (token.act) throw refused('actor_token must be its own subject, not one that others act for');
  if (token.clientId !== client.clientId) {
    throw refused('actor_token was issued to another client: an actor presents its own');
  }
  if (machine && subjectOf(machine.identity) !== token.accountId) {
    throw refused('actor_token is not of the machine that calls: leave it out');
  }
  const account = await accountOfToken(ctx, token, 'actor_token', settings);
  return acting(account.known, client.clientId, token);
}

function acting(
  known: TailnetAccount['known'],
  clientId: string,
  token: PresentedToken | undefined,
): Acting {
  return {
    actor: { identity: known.identity, clientId },
    party: partyOf(known),
    device: deviceBinding(known.identity),
    token,
  };
}
