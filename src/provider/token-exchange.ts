import { errors, type Provider, type TokenEndpointGrantContext } from 'oidc-provider';
import type { Party } from '../policy/decide-act.ts';
import { rulesOf } from '../policy/grant.ts';
import { servesResource } from '../policy/machine-resources.ts';
import { accountBehind, type TailnetAccount } from './account.ts';
import type { Actor } from './actor-chain.ts';
import { oauthText } from './errors.ts';
import { decideExchange } from './exchange-decision.ts';
import { issueExchanged } from './exchange-issue.ts';
import { exchangeParameters, readExchange, repeatedParameters } from './exchange-request.ts';
import { narrow } from './exchange-scopes.ts';
import { deviceBinding } from './grants.ts';
import { tokenExchangeGrant } from './peer-client.ts';
import { type PresentedToken, readPresented, type TokenSources } from './presented-token.ts';
import { factsOf } from './request.ts';
import type { ProviderSettings } from './settings.ts';

/**
 * Token exchange (RFC 8693): a token of a subject for one that somebody may act with, for fewer resources and
 * scopes, and for no longer.
 */
export function exchangeTokens(
  provider: Provider,
  sources: TokenSources,
  settings: ProviderSettings,
): void {
  if (!settings.tokenExchange.enabled) return;
  provider.registerGrantType(
    tokenExchangeGrant,
    (ctx) => exchange(ctx, sources, settings),
    exchangeParameters,
    repeatedParameters,
  );
}

async function exchange(
  ctx: TokenEndpointGrantContext,
  sources: TokenSources,
  settings: ProviderSettings,
): Promise<void> {
  const { client } = ctx.oidc;
  if (client.clientAuthMethod === 'none') {
    throw new errors.UnauthorizedClient('a public client can not exchange tokens');
  }
  const request = readExchange(ctx.oidc.params, settings.resources);
  const subject = await readPresented(ctx, request.subject, sources);
  requireBound(ctx, subject, 'subject_token', settings);
  const account = await accountOfToken(ctx, subject, 'subject_token', settings);
  ctx.oidc.entity('Account', account);
  const acting = await actorOf(ctx, request.actor, sources, settings);

  const targets = request.targets.length > 0 ? request.targets : subject.audience;
  const { mayAct, act } = subject;
  const decision = decideExchange({
    subject: partyOf(account.known),
    acting,
    mayAct,
    act,
    targets,
    maxDepth: settings.tokenExchange.maxDepth,
  });
  if (!decision.allowed) {
    if (decision.error === 'invalid_request') throw refused(decision.reason);
    throw new errors.InvalidTarget(oauthText(decision.reason));
  }
  const narrowed = narrow(
    { ...request, targets },
    subject,
    { known: account.known, client },
    settings,
  );
  await issueExchanged(
    ctx,
    { subject, acting, act: decision.act, narrowed, tokenType: request.tokenType },
    settings,
  );
}

/** Who acts with the new token, and what ties that to the network. */
export interface Acting {
  readonly actor: Actor;
  readonly party: Party;
  readonly device: ReturnType<typeof deviceBinding>;
  /** Name of the Grant behind an `actor_token`. */
  readonly family: string | undefined;
}

/** The actor by its token, else the machine that calls, proved by the connection; else nobody, and the subject is impersonated. */
async function actorOf(
  ctx: TokenEndpointGrantContext,
  presented: ReturnType<typeof readExchange>['actor'],
  sources: TokenSources,
  settings: ProviderSettings,
): Promise<Acting | undefined> {
  const { client } = ctx.oidc;
  const { machine } = factsOf(ctx);
  if (!presented) return machine && acting(machine, client.clientId, undefined);
  const token = await readPresented(ctx, presented, sources);
  if (token.act) throw refused('actor_token must be its own subject, not one that others act for');
  requireBound(ctx, token, 'actor_token', settings);
  const account = await accountOfToken(ctx, token, 'actor_token', settings);
  return acting(account.known, client.clientId, token.family.name);
}

function acting(
  known: TailnetAccount['known'],
  clientId: string,
  family: string | undefined,
): Acting {
  return {
    actor: { identity: known.identity, clientId },
    party: partyOf(known),
    device: deviceBinding(known.identity),
    family,
  };
}

/**
 * Only a token of one's own may be exchanged: issued to this client, or for a resource that this client is (T05).
 * @throws errors.InvalidRequest
 */
function requireBound(
  ctx: TokenEndpointGrantContext,
  { clientId, audience }: PresentedToken,
  name: string,
  { resources }: ProviderSettings,
): void {
  const { client } = ctx.oidc;
  const { machine } = factsOf(ctx);
  const isResource = audience.some(
    (uri) =>
      resources.find(uri)?.clients.includes(client.clientId) ||
      (machine && servesResource(rulesOf(machine.capMap), uri)),
  );
  if (clientId === client.clientId || isResource) return;
  throw refused(`${name} was issued to another client, for a resource that this client is not`);
}

async function accountOfToken(
  ctx: TokenEndpointGrantContext,
  token: PresentedToken,
  name: string,
  settings: ProviderSettings,
): Promise<TailnetAccount> {
  const { accountId, clientId, audience, scope, gty, family } = token;
  const issued = { clientId, gty, scope, binding: family.device, actors: family.actors };
  const account = await accountBehind(
    ctx,
    accountId,
    { ...issued, ...(audience.length > 0 ? { aud: audience } : {}) },
    settings,
  );
  if (account) return account;
  throw refused(
    `the person or device behind ${name} is no longer what it was, or may no longer enter its app`,
  );
}

function partyOf({ identity, capMap }: TailnetAccount['known']): Party {
  return { identity, rules: rulesOf(capMap) };
}

/** RFC 8693 section 2.2.2: what is wrong with a token, or with who presents it, is an invalid request. */
function refused(description: string): errors.InvalidRequest {
  return new errors.InvalidRequest(description);
}
