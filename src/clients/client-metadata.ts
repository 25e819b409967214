import { peerMetadata } from '../access/peer-client.ts';
import type { ClientConfig } from '../config/client.ts';
import type { MayAct } from '../protocol/actor-chain.ts';
import type { ClientMetadata } from '../protocol/client-metadata.ts';
import { readPublicKeys } from '../protocol/public-keys.ts';

/** The metadata of a client, whether the configuration file or a command declares it. */
export const clientFromConfig = (client: ClientConfig): ClientMetadata => ({
  client_name: client.name,
  redirect_uris: client.redirectUris,
  post_logout_redirect_uris: client.postLogoutRedirectUris,
  token_endpoint_auth_method: client.authMethod ?? usualMethod(client),
  ...(client.jwks === undefined ? {} : { jwks: usableKeys(client.jwks) }),
  ...(client.jwksUri === undefined ? {} : { jwks_uri: client.jwksUri }),
  grant_types: client.grantTypes,
  response_types: client.grantTypes.includes('authorization_code') ? ['code'] : [],
  id_token_signed_response_alg: client.idTokenAlgorithm,
  // Ours decides about redirect URIs; oidc-provider's rules by application type refuse what real apps need.
  application_type: 'web',
  ...(client.peer === undefined ? {} : peerMetadata(client.peer)),
  ...(client.mayAct === undefined ? {} : { tsidp_may_act: mayActClaim(client.mayAct) }),
  ...(client.login === undefined ? {} : { tsidp_login: client.login }),
  ...(client.scopes === undefined ? {} : { tsidp_scopes: client.scopes }),
  ...(client.allowedOrigins.length === 0 ? {} : { tsidp_allowed_origins: client.allowedOrigins }),
  ...(client.lifetimes === undefined ? {} : { tsidp_lifetimes: client.lifetimes }),
  ...(client.access === undefined ? {} : { tsidp_access: client.access }),
  ...(client.requires === undefined ? {} : { tsidp_requires: client.requires }),
  ...(client.claims === undefined ? {} : { tsidp_claims: client.claims }),
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

/** As tokens say it (RFC 8693 section 4.4). */
function mayActClaim(selector: NonNullable<ClientConfig['mayAct']>): MayAct {
  if ('node' in selector) return { sub: `node:${selector.node}` };
  return 'client' in selector ? { client_id: selector.client } : { tags: selector.tags };
}
