import { clientClaimsSchema } from '../policy/client-claims.ts';
import { requirementSchema } from '../policy/requirement.ts';
import { deviceCodeGrant } from '../provider/device-facts.ts';
import { type PeerSelector, tokenExchangeGrant } from '../provider/peer-client.ts';
import { checkRedirectUri } from '../provider/redirect-uri.ts';
import { checkCredentials, checkGrantTypes } from './client-check.ts';
import { listOf, members, oneOf, path, text, wholeNumber } from './fields.ts';
import { jwksSchema, jwksUriSchema } from './keys-schema.ts';
import { peerSchema } from './peer-schema.ts';

/** One app, as the configuration file declares it. */

/** Why `id` can't be a client's; ids avoid `: % +`, which clients encode differently in Basic credentials. */
export const checkClientId = (id: string): string | undefined =>
  /^[A-Za-z0-9._~-]{1,128}$/u.test(id)
    ? undefined
    : 'must be 1 to 128 letters, digits or ". _ ~ -" of ASCII';

/** Why `name` can't be shown: pages print it beside who is asking, so it must not be able to disguise itself. */
export const checkClientName = (name: string): string | undefined => {
  if (name.trim() === '') return 'must not be empty';
  if (name.length > 100) return 'must be at most 100 characters';
  return /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u.test(name)
    ? 'must not hold control or text-direction characters'
    : undefined;
};

/** Why a secret that an operator chose can't be used (RFC 6749 appendix A.2 allows printable ASCII). Never quotes it. */
export const checkChosenSecret = (secret: string): string | undefined => {
  if (!/^[\x20-\x7e]*$/u.test(secret)) return 'must be printable ASCII (RFC 6749 appendix A.2)';
  return secret.length >= 8 && secret.length <= 1024
    ? undefined
    : 'must be 8 to 1024 characters: make one with "openssl rand -hex 32"';
};

/** Why `origin` is no browser origin (RFC 6454) that CORS could name. */
const checkOrigin = (origin: string): string | undefined => {
  const url = URL.canParse(origin) ? new URL(origin) : undefined;
  return url !== undefined && /^https?:$/u.test(url.protocol) && url.origin === origin
    ? undefined
    : 'must be an origin such as "https://app.example" or "http://app:8080", with no path';
};

const checkScope = (scope: string): string | undefined =>
  /^[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]+$/u.test(scope)
    ? undefined
    : 'must be a scope (RFC 6749 section 3.3) without a comma';

export const loginModes = ['clickless', 'confirm'] as const;
export const accessModes = ['open', 'granted'] as const;
export const grantTypes = [
  'authorization_code',
  'refresh_token',
  deviceCodeGrant,
  'client_credentials',
  tokenExchangeGrant,
] as const;
type GrantType = (typeof grantTypes)[number];

/** What an app may do that does not say: log people in; a machine gets tokens as itself. */
export const grantTypesOf = (client: {
  readonly grantTypes?: readonly GrantType[] | undefined;
  readonly peer?: PeerSelector | undefined;
}): readonly GrantType[] =>
  client.grantTypes ??
  (client.peer
    ? ['client_credentials', tokenExchangeGrant]
    : ['authorization_code', 'refresh_token']);

export const authMethods = [
  'client_secret_basic',
  'client_secret_post',
  'private_key_jwt',
  'none',
] as const;

const daySeconds = 86_400;
const yearSeconds = 365 * daySeconds;

const clientLifetimes = members({
  accessTokenSeconds: wholeNumber(1, daySeconds).optional(),
  idTokenSeconds: wholeNumber(1, daySeconds).optional(),
  refreshIdleSeconds: wholeNumber(1, yearSeconds).optional(),
  refreshAbsoluteSeconds: wholeNumber(1, yearSeconds).optional(),
  refreshGraceSeconds: wholeNumber(0, 60).optional(),
}).describe('Lifetimes of this app alone; what is not named follows the general ones.');

const redirectUris = listOf(text(checkRedirectUri), 0, 50).default([]);

export const clientSchema = members({
  id: text(checkClientId).describe('What the app sends as client_id.'),
  name: text(checkClientName)
    .optional()
    .describe('What pages call the app. Default: the id. At most 100 characters.'),
  secret: text(checkChosenSecret)
    .optional()
    .describe(
      'The client secret. Better: secretFile. With neither, nor keys, the app is a public client.',
    ),
  secretFile: path(
    'A file that holds the client secret, relative to this one. White space around it is cut off.',
  ).optional(),
  redirectUris: redirectUris.describe(
    'Where logins may return to, compared exactly; the port of http://127.0.0.1, [::1] and localhost is free. Only an app of the device flow alone has none.',
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
  login: oneOf(loginModes)
    .optional()
    .describe(
      'clickless: no page. confirm: a page with a button. Default: confirm for public clients with loopback or private-scheme redirects, the general setting for others.',
    ),
  scopes: listOf(text(checkScope), 1, 50)
    .optional()
    .describe('The only scopes that the app may get. Default: all.'),
  idTokenAlgorithm: oneOf(['RS256', 'ES256', 'EdDSA'])
    .default('RS256')
    .describe('How ID tokens are signed. RS256 is what every client can verify.'),
  grantTypes: listOf(oneOf(grantTypes), 1, grantTypes.length)
    .optional()
    .describe(
      'OAuth grant types. Default: authorization_code and refresh_token; with peer client_credentials and token exchange. Without refresh_token the app gets no refresh tokens. The one of the device flow (RFC 8628) is for terminals, TVs and psql.',
    ),
  allowedOrigins: listOf(text(checkOrigin), 0, 50)
    .default([])
    .describe('Origins that may call from a browser (CORS), beside those of the redirect URIs.'),
  peer: peerSchema.optional(),
  lifetimes: clientLifetimes.optional(),
  access: oneOf(accessModes)
    .optional()
    .describe('Who may enter this app. Default: the general setting.'),
  requires: requirementSchema.optional(),
  claims: clientClaimsSchema.optional(),
}).superRefine((client, context) => {
  const refuse = (member: string, message: string): void =>
    context.addIssue({ code: 'custom', path: [member], message });
  checkCredentials(client, refuse);
  checkGrantTypes(client, grantTypesOf(client), refuse);
});
