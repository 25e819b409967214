import { peerMetadata } from '../access/peer-client.ts';
import type { ClientConfig } from '../config/client.ts';
import { toOptions } from '../config/client-options.ts';
import type { ClientMetadata } from '../protocol/client-metadata.ts';
import { readPublicKeys } from '../protocol/public-keys.ts';
import type { StoredClient } from '../store/store.ts';

/** A client of this declaration, whether the configuration file or a command holds it. */
export const clientFromConfig = (
  client: ClientConfig,
): Pick<StoredClient, 'id' | 'metadata' | 'options'> => ({
  id: client.id,
  metadata: metadataFrom(client),
  options: toOptions(client),
});

const metadataFrom = (client: ClientConfig): ClientMetadata => ({
  client_name: client.name,
  redirect_uris: client.redirectUris,
  post_logout_redirect_uris: client.postLogoutRedirectUris,
  token_endpoint_auth_method: client.authMethod ?? usualMethod(client),
  ...(client.jwks === undefined ? {} : { jwks: usableKeys(client.jwks) }),
  ...(client.jwksUri === undefined ? {} : { jwks_uri: client.jwksUri }),
  grant_types: client.grantTypes,
  response_types: client.grantTypes.includes('authorization_code') ? ['code'] : [],
  id_token_signed_response_alg: client.idTokenAlgorithm,
  ...(client.requirePushedAuthorizationRequests
    ? { require_pushed_authorization_requests: true }
    : {}),
  ...(client.dpopBoundAccessTokens ? { dpop_bound_access_tokens: true } : {}),
  // Ours decides about redirect URIs; oidc-provider's rules by application type refuse what real apps need.
  application_type: 'web',
  ...(client.peer === undefined ? {} : peerMetadata),
});

function usualMethod({ secret, jwks, jwksUri }: ClientConfig): string {
  if (secret !== undefined) return 'client_secret_basic';
  return jwks === undefined && jwksUri === undefined ? 'none' : 'private_key_jwt';
}

/** Without those of other types, which oidc-provider may refuse. */
function usableKeys(jwks: unknown): { keys: readonly object[] } {
  const read = readPublicKeys(jwks);
  return { keys: read.ok ? read.keys : [] };
}
