import type { Context } from 'koa';
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import { isUntrusted } from '../../access/consent-key.ts';
import { factsOf } from '../../access/request.ts';
import type { ProviderSettings } from '../../access/settings.ts';
import { subjectOf } from '../../identity/subject.ts';

/**
 * Before oidc-provider ends a session, which it does for whoever brings the cookie along: somebody else's is not
 * theirs to end (T32). They are signed out of this browser, where it is no longer needed; it stays as it is, as its
 * owner may be using it elsewhere. Whom nobody knows right now may well be its owner.
 */
export async function dropOthersSession(ctx: Context, provider: Provider): Promise<void> {
  const { accountId } = await provider.Session.get(ctx);
  if (accountId === undefined) return;
  const identified = await factsOf(ctx).identify();
  if (!identified.ok || subjectOf(identified.identity) === accountId) return;
  const name = provider.cookieName('session');
  const pairs = (ctx.req.headers.cookie ?? '').split(';');
  ctx.req.headers.cookie = pairs.filter((pair) => pair.split('=', 1)[0]?.trim() !== name).join(';');
}

/**
 * The button of the logout page. oidc-provider looks at where it leads when the page is made, not when it is answered
 * (T09): by then the client may be gone, or have left that address.
 */
export async function confirmLogout(
  ctx: Context,
  provider: Provider,
  settings: ProviderSettings,
  run: (ctx: Context) => Promise<void>,
): Promise<void> {
  await dropOthersSession(ctx, provider);
  const { state = {} } = await provider.Session.get(ctx);
  const { postLogoutRedirectUri: target } = state;
  await run(ctx);
  const { client } = (ctx as unknown as KoaContextWithOIDC).oidc;
  const isGone = typeof target === 'string' && !client?.postLogoutRedirectUriAllowed(target);
  if (isGone && ctx.status === 303) ctx.set('Location', `${settings.issuer}/logout/success`);
  await stayAfterLogout(ctx, settings);
}

/** As errors of a login (`untrusted-redirect.ts`), the way back from a logout takes no click where nobody was logged in. */
async function stayAfterLogout(ctx: Context, settings: ProviderSettings): Promise<void> {
  const { oidc } = ctx as unknown as Partial<KoaContextWithOIDC>;
  const location = ctx.response.get('Location') || '';
  if (location === '' || location.startsWith(`${settings.issuer}/`)) return;
  if (await isUntrusted(ctx, oidc?.client, location, settings)) {
    ctx.set('Location', `${settings.issuer}/logout/success`);
  }
}
