import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import { PolicyDenied } from '../../access/denial.ts';
import { appOf, enter } from '../../access/enter.ts';
import { isOwnTrouble, refusalError, tryLater } from '../../access/errors.ts';
import { factsOf } from '../../access/request.ts';
import type { ProviderSettings } from '../../access/settings.ts';
import type { Identity } from '../../identity/identity.ts';
import { subjectOf } from '../../identity/subject.ts';
import { acrTailnet } from '../../protocol/assurance.ts';
import { noteRequester } from '../device/device-request.ts';
import { visitorOf } from './visitor.ts';

/** Name of the parameter that carries the hook; its value is not looked at. */
export const clicklessParameter = 'tsidp';

/**
 * The clickless login, as a validator of an extra parameter: oidc-provider calls it at every authorization
 * request, after client and redirect URI are validated and before it looks at the session. It makes the session
 * the peer's, in every case, so that a cookie never speaks for anybody else (T32).
 */
export async function clicklessLogin(
  ctx: KoaContextWithOIDC,
  settings: ProviderSettings,
): Promise<void> {
  const { oidc } = ctx;
  if (oidc.route === 'device_authorization') return noteRequester(ctx, settings);
  // pushed requests come from the app's server and have no session; the person is asked for later
  if (oidc.route !== 'authorization') return;
  const silent = oidc.prompts.has('none');
  await takeLogin(ctx, settings, silent);
  const identity = await allowedPeer(ctx, settings, silent);
  const subject = subjectOf(identity);
  if (oidc.session?.accountId !== undefined && oidc.session.accountId !== subject) {
    replaceSession(ctx, oidc.provider);
  }
  const { session } = oidc;
  if (!session || session.accountId !== undefined) return;
  // OpenID Connect Core 3.1.2.1: `none` never logs anybody in, `login` always asks the person first
  if (silent || oidc.prompts.has('login')) return;
  logIn(session, subject, settings);
}

/**
 * Before anything is decided or written for the peer, denials included.
 * @param silent the app hears of it; a person sees a page
 * @throws errors.TemporarilyUnavailable 429 with Retry-After
 */
async function takeLogin(
  ctx: KoaContextWithOIDC,
  { loginLimit }: ProviderSettings,
  silent: boolean,
): Promise<void> {
  const wait = loginLimit.takeLogin(await visitorOf(factsOf(ctx)));
  if (wait === 0) return;
  const error = tryLater(ctx, wait, 'this device began too many logins');
  error.allow_redirect = silent;
  throw error;
}

/**
 * Makes a session that nobody has yet the peer's. Of one that was stored others may know the ID, and the secret of its
 * forms (fixation).
 */
export function logIn(
  session: NonNullable<KoaContextWithOIDC['oidc']['session']>,
  accountId: string,
  { clock }: ProviderSettings,
): void {
  if (!('new' in session)) {
    session.resetIdentifier();
    session.state = undefined;
  }
  session.loginAccount({ accountId, loginTs: clock.nowSeconds(), acr: acrTailnet });
}

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

/**
 * A new session, with new identifiers, in place of one that belongs to another peer. The old one stays as it is:
 * its owner may be using it elsewhere.
 */
export function replaceSession(ctx: KoaContextWithOIDC, provider: Provider): void {
  const session = new provider.Session();
  // oidc-provider saves a new session only when it was touched
  Object.assign(session, { touched: true });
  Object.assign(ctx.oidc, { session });
  ctx.oidc.entity('Session', session);
}
