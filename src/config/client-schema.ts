import { checkClientId, checkClientName } from '../protocol/client-names.ts';
import { deviceCodeGrant, tokenExchangeGrant } from '../protocol/grant-types.ts';
import { checkRedirectUri } from '../protocol/redirect-uri.ts';
import { listOf, members, oneOf, path, text } from '../schema/fields.ts';
import { type Credentials, checkCredentials, checkGrantTypes, isPublic } from './client-check.ts';
import { declaredOptions } from './client-options.ts';
import { checkSecurity, securityMetadata } from './client-security.ts';
import { jwksSchema, jwksUriSchema } from './keys-schema.ts';
import { checkSecretHash } from './secret-hash.ts';

/** One app, as the configuration file declares it. */

/** Why a secret that an operator chose can't be used (RFC 6749 appendix A.2 allows printable ASCII). Never quotes it. */
export const checkChosenSecret = (secret: string): string | undefined => {
  if (!/^[\x20-\x7e]*$/u.test(secret)) return 'must be printable ASCII (RFC 6749 appendix A.2)';
  return secret.length >= 8 && secret.length <= 1024
    ? checkSecretHash(secret)
    : 'must be 8 to 1024 characters: make one with "openssl rand -hex 32"';
};

export const grantTypes = [
  'authorization_code',
  'refresh_token',
  deviceCodeGrant,
  'client_credentials',
  tokenExchangeGrant,
] as const;
type GrantType = (typeof grantTypes)[number];

/**
 * What an app may do that does not say: log people in, and, where it has credentials, exchange the tokens that
 * grants let it; a machine gets tokens as itself.
 */
export const grantTypesOf = (
  client: Credentials & { readonly grantTypes?: readonly GrantType[] | undefined },
): readonly GrantType[] => {
  if (client.grantTypes) return client.grantTypes;
  if (client.peer) return ['client_credentials', tokenExchangeGrant];
  const login = ['authorization_code', 'refresh_token'] as const;
  return isPublic(client) ? login : [...login, tokenExchangeGrant];
};

export const authMethods = [
  'client_secret_basic',
  'client_secret_post',
  'private_key_jwt',
  'none',
] as const;

const redirectUris = listOf(text(checkRedirectUri), 0, 50).default([]);

export const clientSchema = members({
  id: text(checkClientId).describe('What the app sends as client_id.'),
  name: text(checkClientName)
    .optional()
    .describe('What pages call the app. Default: the id. At most 100 characters.'),
  secret: text(checkChosenSecret)
    .optional()
    .describe(
      'The client secret, or its argon2id hash ($argon2id$…). Better: secretFile. With neither, nor keys, the app is a public client.',
    ),
  secretFile: path(
    'A file that holds the client secret, relative to this one. Surrounding white space is removed.',
  ).optional(),
  redirectUris: redirectUris.describe(
    'Where logins may return to, compared exactly; the port of http://127.0.0.1, [::1] and localhost is free. Only an app that uses nothing but the device flow has none.',
  ),
  postLogoutRedirectUris: listOf(text(checkRedirectUri), 0, 50)
    .default([])
    .describe('Where a logout may return to, compared exactly.'),
  authMethod: oneOf(authMethods)
    .optional()
    .describe(
      'How the app authenticates at the token endpoint; Basic and post are accepted alike. Default: client_secret_basic with a secret, private_key_jwt with keys, or none.',
    ),
  jwks: jwksSchema.optional(),
  jwksUri: jwksUriSchema.optional(),
  idTokenAlgorithm: oneOf(['RS256', 'ES256', 'EdDSA'])
    .optional()
    .describe(
      'How ID tokens are signed. Default: RS256, which every client can verify; ES256 with the profile fapi2.',
    ),
  grantTypes: listOf(oneOf(grantTypes), 1, grantTypes.length)
    .optional()
    .describe(
      'OAuth grant types. Default: authorization_code and refresh_token, and token exchange for apps with credentials; with peer client_credentials and token exchange. Without refresh_token the app gets no refresh tokens. That of the device flow (RFC 8628) is for terminals, TVs and psql.',
    ),
  ...declaredOptions,
  ...securityMetadata,
}).superRefine((client, context) => {
  const refuse = (member: string, message: string): void =>
    context.addIssue({ code: 'custom', path: [member], message });
  checkCredentials(client, refuse);
  checkGrantTypes(client, grantTypesOf(client), refuse);
  checkSecurity(client, refuse);
});
