import type { AccessToken, ClientCredentials, KoaContextWithOIDC } from 'oidc-provider';
import type { ProviderSettings } from './settings.ts';

/**
 * Claims about the person that a resource's access tokens hold beside who it is, as the operator chose
 * (`resources[].claims`). They stand in JWTs and in introspection answers alike (`extraTokenClaims`).
 */
export async function tokenClaims(
  ctx: KoaContextWithOIDC,
  token: AccessToken | ClientCredentials,
  { resources }: ProviderSettings,
): Promise<Record<string, unknown> | undefined> {
  const { account } = ctx.oidc;
  const names = audienceOf(token).flatMap((uri) => resources.find(uri)?.claims ?? []);
  if (!account || names.length === 0) return undefined;
  const claims = await account.claims('userinfo', 'openid profile email groups', {}, []);
  const wanted = names.filter((name) => claims[name] !== undefined);
  return Object.fromEntries(wanted.map((name) => [name, claims[name]]));
}

function audienceOf({ aud }: AccessToken | ClientCredentials): readonly string[] {
  if (aud === undefined) return [];
  return Array.isArray(aud) ? aud : [aud];
}
