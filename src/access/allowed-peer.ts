import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Identity } from '../identity/identity.ts';
import { PolicyDenied } from './denial.ts';
import { appOf, enter } from './enter.ts';
import { isOwnTrouble, refusalError } from './errors.ts';
import { factsOf } from './request.ts';
import type { ProviderSettings } from './settings.ts';

/**
 * The peer, who may enter the app of this request.
 * @param silent answer trouble of our own to the app instead of on a page
 * @throws errors.AccessDenied, errors.TemporarilyUnavailable
 */
export async function allowedPeer(
  ctx: KoaContextWithOIDC,
  settings: ProviderSettings,
  silent: boolean,
): Promise<Identity> {
  const facts = factsOf(ctx);
  const { client } = ctx.oidc;
  if (!client) throw new Error('authorization request without a client');
  const identified = await facts.identify();
  if (!identified.ok) {
    if (!isOwnTrouble(identified.refusal)) facts.deniedClient = client.clientId;
    throw refusalError(identified.refusal, silent);
  }
  if (identified.stale) facts.stale = true;
  const app = appOf(client);
  const decision = enter(app, identified, settings);
  if (decision.allowed) return identified.identity;
  facts.deniedClient = client.clientId;
  const denied = new PolicyDenied(app, identified.identity, decision);
  // nobody looked at where its redirect URIs lead
  if (app.quarantined) denied.allow_redirect = false;
  throw denied;
}
