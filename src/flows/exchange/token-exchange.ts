import { errors, type Provider, type TokenEndpointGrantContext } from 'oidc-provider';
import { optionsOf } from '../../access/client-settings.ts';
import { maxAncestors } from '../../access/grant-family.ts';
import { clientOf } from '../../access/may-still.ts';
import type { ProviderSettings } from '../../access/settings.ts';
import { partyOf } from '../../policy/decide-act.ts';
import type { MayAct } from '../../protocol/actor-chain.ts';
import { tokenExchangeGrant } from '../../protocol/grant-types.ts';
import { oauthText } from '../../protocol/oauth-text.ts';
import { takeProof } from '../../tokens/proof.ts';
import { takeToken } from '../../tokens/token-rate.ts';
import { type Acting, actorOf } from './exchange-actor.ts';
import { decideExchange } from './exchange-decision.ts';
import { issueExchanged } from './exchange-issue.ts';
import { exchangeParameters, readExchange, repeatedParameters } from './exchange-request.ts';
import { narrow } from './exchange-scopes.ts';
import { accountOfToken, refused, requireBound, requireProof } from './exchange-token.ts';
import { type PresentedToken, readPresented, type TokenSources } from './presented-token.ts';

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
    throw new errors.UnauthorizedClient('a public client cannot exchange tokens');
  }
  const request = readExchange(ctx.oidc.params, settings.resources);
  const proof = await takeProof(ctx);
  const subject = await readPresented(ctx, request.subject, sources);
  requireBound(ctx, subject, settings);
  requireProof(ctx, subject, proof, 'subject_token');
  const account = await accountOfToken(ctx, subject, 'subject_token', settings);
  ctx.oidc.entity('Account', account);
  const acting = await actorOf(ctx, request.actor, sources, settings);
  if (acting?.token) requireProof(ctx, acting.token, proof, 'actor_token');
  requireShortLine(subject, acting);

  const targets = request.targets.length > 0 ? request.targets : subject.audience;
  const decision = decideExchange({
    subject: partyOf(account.known),
    acting,
    mayAct: subject.mayAct,
    clientMayAct: await mayActOf(ctx, subject.clientId),
    act: subject.act,
    current: account.actor,
    targets,
    maxDepth: settings.tokenExchange.maxDepth,
  });
  if (!decision.allowed) {
    if (decision.error === 'invalid_request') throw refused(decision.reason);
    throw new errors.InvalidTarget(oauthText(decision.reason));
  }
  const ceiling = {
    scopes: account.scopes ?? [],
    isLimited: subject.isLimited,
    expiresAt: Math.min(subject.expiresAt, acting?.token?.expiresAt ?? subject.expiresAt),
  };
  const who = { known: account.known, client };
  const narrowed = narrow({ ...request, targets }, ceiling, who, settings);
  await takeToken(ctx, account.accountId, settings);
  const { tokenType } = request;
  const exchanged = { subject, account, acting, act: decision.act, narrowed, tokenType, proof };
  await issueExchanged(ctx, exchanged, settings.clock);
}

/** Of tokens that say nothing themselves (opaque ones of a plain login, ID tokens), and of those issued before it was configured. */
async function mayActOf(
  ctx: TokenEndpointGrantContext,
  clientId: string,
): Promise<MayAct | undefined> {
  const client = await clientOf(ctx, clientId);
  return client && optionsOf(client).mayAct;
}

/** Every ancestor is asked for whenever the token is used. @throws errors.InvalidRequest */
function requireShortLine({ family }: PresentedToken, acting: Acting | undefined): void {
  const { length } = family.ancestors;
  const all = length + 1 + (acting?.token ? acting.token.family.ancestors.length + 1 : 0);
  if (all <= maxAncestors) return;
  throw refused('subject_token was exchanged too often already: begin with an earlier one');
}
