import type { DeclaredOptions } from './client-options.ts';
import { grantTypesOf } from './client-schema.ts';
import { settleSecurity } from './client-security.ts';
import type { FileConfig } from './schema.ts';

/** One app as the configuration declares it, with its defaults. */
export interface ClientConfig extends DeclaredOptions {
  readonly id: string;
  readonly name: string;
  /** Undefined for a public client. */
  readonly secret: string | undefined;
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris: readonly string[];
  readonly authMethod: FileConfig['clients'][number]['authMethod'];
  /** Public keys of an app that signs assertions, or where they are. */
  readonly jwks: FileConfig['clients'][number]['jwks'];
  readonly jwksUri: string | undefined;
  readonly idTokenAlgorithm: 'RS256' | 'ES256' | 'EdDSA';
  readonly requirePushedAuthorizationRequests?: boolean | undefined;
  readonly dpopBoundAccessTokens?: boolean | undefined;
  readonly grantTypes: ReturnType<typeof grantTypesOf>;
}

/** A declared client with its defaults; `secretOfFile` is what its `secretFile` holds. */
export const toClient = (
  { secretFile: _, ...client }: FileConfig['clients'][number],
  secretOfFile: string | undefined,
): ClientConfig => ({
  ...client,
  ...settleSecurity(client),
  name: client.name ?? client.id,
  secret: client.secret ?? secretOfFile,
  authMethod: client.authMethod,
  jwks: client.jwks,
  jwksUri: client.jwksUri,
  grantTypes: grantTypesOf(client),
});
