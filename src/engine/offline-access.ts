import { decodeJwt } from 'jose';
import Provider, { type KoaContextWithOIDC, type RefreshToken } from 'oidc-provider';

const offlineAccess = 'offline_access';

/**
 * Puts `offline_access` back where it was asked for. oidc-provider drops it without `prompt=consent`; but whoever may
 * have refresh tokens gets one here (OpenID Connect Core 11: "other conditions"), and clients name at a refresh what
 * they asked for at the login. A validator of an extra parameter: it is called when scopes have been checked.
 */
export function keepOfflineAccess(ctx: KoaContextWithOIDC): void {
  const { client, params } = ctx.oidc;
  if (!params || !client?.grantTypeAllowed('refresh_token')) return;
  const left = words(params['scope']);
  if (!words(askedScope(ctx)).includes(offlineAccess) || left.includes(offlineAccess)) return;
  params['scope'] = [...left, offlineAccess].join(' ');
}

/** `scope` as it was sent: here, or before to the endpoint of pushed requests (RFC 9126). */
function askedScope({ oidc, query }: KoaContextWithOIDC): unknown {
  if (oidc.route === 'pushed_authorization_request') return oidc.body?.['scope'];
  const pushed = oidc.entities.PushedAuthorizationRequest?.request;
  return typeof pushed === 'string' ? decodeJwt(pushed)['scope'] : query['scope'];
}

interface RefreshTokenModel {
  find(value: unknown, options?: object): Promise<RefreshToken | undefined>;
}

/**
 * A refresh token is offline access: a refresh that names it asks for no more than the login (RFC 6749 section 6),
 * whether that had asked for it or was before it was kept. oidc-provider has no hook before that check.
 */
export function patchOfflineAccess(provider: Provider): void {
  const model = provider.RefreshToken as unknown as RefreshTokenModel;
  const find = model.find;
  model.find = async function findForRefresh(this: RefreshTokenModel, value, options) {
    const token = await find.call(this, value, options);
    const params = Provider.ctx?.oidc.route === 'token' ? Provider.ctx.oidc.params : undefined;
    if (!token || !params || token.scopes.has(offlineAccess)) return token;
    const asked = words(params['scope']);
    const others = asked.filter((scope) => scope !== offlineAccess);
    if (others.length < asked.length) params['scope'] = others.join(' ') || undefined;
    return token;
  };
}

function words(scope: unknown): string[] {
  return typeof scope === 'string' ? scope.split(' ').filter((word) => word !== '') : [];
}
