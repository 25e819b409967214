import type { KoaContextWithOIDC, Provider } from 'oidc-provider';

/**
 * Lets the answer of a login or refresh say all that was granted (RFC 6749 section 5.1). Where its access token is for
 * a resource, oidc-provider lists that token's scopes alone: clients would take `openid` and `offline_access`, of which
 * ID token and refresh token lie beside it, for refused.
 */
export function listGrantedScopes(provider: Provider): void {
  provider.on('grant.success', (ctx: KoaContextWithOIDC) => {
    const { AccessToken: token, Grant: grant } = ctx.oidc.entities;
    const body: unknown = ctx.body;
    if (!grant || token?.aud === undefined || !isAnswer(body)) return;
    const identity = grant.getOIDCScopeFiltered(askedScopes(ctx)).split(' ');
    const all = [...identity, ...body.scope.split(' ')].filter((scope) => scope !== '');
    body.scope = [...new Set(all)].join(' ');
  });
}

/** Of the login, or of a refresh that asks for less; of no other grant: those have no login's scopes. */
function askedScopes({ oidc }: KoaContextWithOIDC): Set<string> {
  const { AuthorizationCode: code, DeviceCode: device, RefreshToken: refresh } = oidc.entities;
  if (code ?? device) return new Set((code ?? device)?.scopes);
  if (!refresh) return new Set();
  return oidc.params?.['scope'] === undefined ? new Set(refresh.scopes) : oidc.requestParamScopes;
}

function isAnswer(body: unknown): body is { scope: string } {
  return typeof body === 'object' && body !== null && 'scope' in body;
}
