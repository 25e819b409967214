import type { Client, ClientCredentials, KoaContextWithOIDC } from 'oidc-provider';
import { scopesOf } from '../access/client-settings.ts';
import { clientOf } from '../access/may-still.ts';
import { resourceScopesOf } from '../access/resource-scopes.ts';
import type { Resource } from '../access/resources.ts';
import type { ProviderSettings } from '../access/settings.ts';

/** Which of the scopes an operator gave to this client, or to everybody, at the resource. */
export function scopesOfClient(
  client: Client,
  { scopes, openScopes }: Resource,
  asked: readonly string[],
): readonly string[] {
  const own = scopesOf(client);
  return asked.filter(
    (scope) => (own?.has(scope) && scopes?.has(scope)) || openScopes.includes(scope),
  );
}

/**
 * The scopes that a token of a client's own still has. Undefined where it is worth nothing more: its client is gone or
 * may have none any more, or its resource is, or every scope of it (T12, T13).
 */
export async function clientTokenScopes(
  ctx: KoaContextWithOIDC,
  { clientId, scope, aud }: ClientCredentials,
  { resources }: ProviderSettings,
): Promise<readonly string[] | undefined> {
  const client = await clientOf(ctx, clientId);
  if (!client?.grantTypeAllowed('client_credentials')) return undefined;
  const had = resourceScopesOf(scope?.split(' ') ?? []);
  let left: readonly string[] = had;
  for (const uri of [aud ?? []].flat()) {
    const resource = resources.find(uri);
    if (!resource) return undefined;
    left = scopesOfClient(client, resource, left);
  }
  return left.length === 0 && had.length > 0 ? undefined : left;
}
