import type { KoaContextWithOIDC } from 'oidc-provider';
import { allowedPeer } from '../../access/allowed-peer.ts';
import { tryLater } from '../../access/errors.ts';
import { factsOf } from '../../access/request.ts';
import type { ProviderSettings } from '../../access/settings.ts';
import { keepOfflineAccess } from '../../engine/offline-access.ts';
import { logIn, replaceSession } from '../../engine/session.ts';
import { subjectOf } from '../../identity/subject.ts';
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
  keepOfflineAccess(ctx);
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
