import { errors } from 'oidc-provider';
import { checkClientName } from './client-names.ts';
import { registrableGrantTypes } from './grant-types.ts';
import { oauthText } from './oauth-text.ts';
import { readPublicKeys } from './public-keys.ts';
import { checkRedirectUri, isNativeRedirect } from './redirect-uri.ts';

/**
 * What a client asks for when it registers itself (RFC 7591 section 2), read as tolerantly as real clients need and
 * as strictly as strangers deserve: only members that are named here get through, so not ours (`tsidp`), no
 * URL that somebody would fetch (`jwks_uri`, `sector_identifier_uri`, `logo_uri`) and no software statement does.
 */

/** How it may authenticate; with its own keys, too. */
export const registrableAuthMethods: readonly string[] = [
  'client_secret_basic',
  'client_secret_post',
  'none',
];

/**
 * EdDSA is for operators to choose: its key in the published set makes some verifiers refuse the whole set
 * (`algorithms-in-use.ts`), which nobody may bring about by registering. The answer says RS256 then.
 */
const idTokenAlgorithms = ['RS256', 'ES256'];

export const maxRedirectUris = 20;
const maxContacts = 10;
const maxNameLength = 100;
/** Of what was sent: enough for a name of full length with an accent on every letter, and white space. */
const maxNameRead = 400;

type Members = Readonly<Record<string, unknown>>;

/**
 * The metadata to register. Null and empty members count as absent, unknown ones are dropped, and of lists what is
 * not supported here.
 * @throws errors.InvalidClientMetadata `invalid_redirect_uri` or `invalid_client_metadata` (RFC 7591 3.2.2), with
 *   the member and what is wrong with it
 */
export function normaliseRegistration(body: unknown): Record<string, unknown> {
  const asked = membersOf(body);
  const metadata: Record<string, unknown> = {
    redirect_uris: redirectUris('redirect_uris', asked['redirect_uris'] ?? []),
    client_name: clientName(asked['client_name']),
    grant_types: grantTypes(asked['grant_types']),
    response_types: ['code'],
    ...authentication(asked),
    application_type: oneOf(asked['application_type'], ['native', 'web']),
    id_token_signed_response_alg: oneOf(asked['id_token_signed_response_alg'], idTokenAlgorithms),
    contacts: contacts(asked['contacts']),
    ...Object.fromEntries(shownUris.map((name) => [name, webUri(asked[name])])),
    ...Object.fromEntries(switches.map((name) => [name, asked[name] === true || undefined])),
  };
  const { post_logout_redirect_uris: afterLogout } = asked;
  if (afterLogout !== undefined) {
    metadata['post_logout_redirect_uris'] = redirectUris('post_logout_redirect_uris', afterLogout);
  }
  if ((metadata['redirect_uris'] as string[]).length === 0) {
    throw invalid('redirect_uris is missing or empty: name where logins return to');
  }
  return withoutUndefined(metadata);
}

/** Members of an update that name the client or what RFC 7592 2.2 forbids; oidc-provider checks them. */
const identifying = [
  'client_id',
  'client_secret',
  'registration_access_token',
  'registration_client_uri',
  'client_secret_expires_at',
  'client_id_issued_at',
] as const;

/**
 * The same for an update (RFC 7592 section 2.2).
 * @param verifierOf what a secret is stored as: oidc-provider compares the one that stands in the request with it
 */
export function normaliseUpdate(
  body: unknown,
  verifierOf: (secret: string) => string,
): Record<string, unknown> {
  const asked = membersOf(body);
  const named = Object.fromEntries(identifying.map((name) => [name, asked[name]]));
  const { client_secret: secret } = asked;
  if (secret !== undefined) named['client_secret'] = verifierOf(String(secret));
  return { ...normaliseRegistration(body), ...withoutUndefined(named) };
}

/**
 * URIs that lists for administrators show as text; nobody fetches them. People see none: what a stranger says of its
 * policy and terms (`policy_uri`, `tos_uri`) is nothing to judge by, and is not taken, nor is a logo.
 */
const shownUris = ['client_uri'] as const;
/** What a client may demand of itself. */
const switches = ['dpop_bound_access_tokens', 'require_pushed_authorization_requests'] as const;

function membersOf(body: unknown): Members {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw invalid('the request must be a JSON object of client metadata (RFC 7591 section 2)');
  }
  return Object.fromEntries(
    Object.entries(body).filter(([, value]) => value !== null && value !== ''),
  );
}

/** `redirect_uris` in front makes it `invalid_redirect_uri`, as oidc-provider tells them apart. */
function invalid(description: string): errors.InvalidClientMetadata {
  return new errors.InvalidClientMetadata(oauthText(description));
}

function redirectUris(member: string, value: unknown): string[] {
  const uris = stringsOf(member, value);
  if (uris.length > maxRedirectUris) {
    throw invalid(`${member} holds ${uris.length} URIs: at most ${maxRedirectUris} are accepted`);
  }
  for (const [index, uri] of uris.entries()) {
    const reason = checkRedirectUri(uri) ?? plainHttp(uri);
    if (reason !== undefined) throw invalid(`${member}[${index}] ${shortened(uri)} ${reason}`);
  }
  return [...new Set(uris)];
}

/** RFC 9700 4.1.3 and the MCP specification; an operator may still add such an app. */
function plainHttp(uri: string): string | undefined {
  return uri.startsWith('http:') && !isNativeRedirect(uri)
    ? 'leads to another machine without TLS: use https, a loopback address or a scheme of your own (an administrator can add such an app)'
    : undefined;
}

function shortened(uri: string): string {
  return `(${uri.length > 120 ? `${uri.slice(0, 120)}...` : uri})`;
}

/** A lone text counts as a list of one. */
function stringsOf(member: string, value: unknown): string[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  if (!list.every((item) => typeof item === 'string')) {
    throw invalid(`${member} must be a list of texts`);
  }
  return list;
}

/** Without the member both: whoever needs no refresh token leaves it. */
function grantTypes(value: unknown): string[] {
  if (value === undefined) return [...registrableGrantTypes];
  const asked = new Set(stringsOf('grant_types', value));
  const known = registrableGrantTypes.filter((type) => asked.has(type));
  if (known.length > 0) return known;
  throw invalid(
    `grant_types holds none that a client may register itself for: ${registrableGrantTypes.join(', ')}`,
  );
}

/**
 * The first that we know, in the client's order: it stands as text or list, or as the list that OpenID Connect
 * Relying Party Metadata Choices has. Otherwise RFC 7591's default, which the answer says. `private_key_jwt` needs
 * its public keys in `jwks`; a URL of keys would be one that strangers let us fetch. Whoever wants nothing else is
 * refused: a secret in its place would be one that it never uses.
 */
function authentication(asked: Members): Record<string, unknown> {
  const wanted = [
    asked['token_endpoint_auth_method'],
    asked['token_endpoint_auth_methods_supported'],
  ].flatMap((value) => (value === undefined ? [] : stringsOf('token_endpoint_auth_method', value)));
  const method = wanted.find(
    (one) =>
      registrableAuthMethods.includes(one) ||
      (one === 'private_key_jwt' && asked['jwks'] !== undefined),
  );
  if (method === undefined && wanted.includes('private_key_jwt')) {
    throw invalid(
      asked['jwks_uri'] === undefined
        ? 'private_key_jwt needs the public keys: send them in jwks'
        : 'jwks_uri is not fetched for clients that register themselves: send the public keys in jwks, or ask an administrator to add this app',
    );
  }
  if (method !== 'private_key_jwt') {
    return { token_endpoint_auth_method: method ?? 'client_secret_basic' };
  }
  const read = readPublicKeys(asked['jwks']);
  if (!read.ok) throw invalid(`jwks ${read.reason}`);
  return { token_endpoint_auth_method: method, jwks: { keys: read.keys } };
}

/**
 * White space is one blank, what nobody sees (but joins and variants of emoji) and stacked accents go, and what is
 * too long is cut. Markup stays: pages escape it. Control and text-direction characters have no honest use in a name.
 */
function clientName(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw invalid('client_name must be text');
  // cut first: to compose a pile of marks takes the square of its height (T37)
  const read = cutTo([...value.slice(0, maxNameRead)], maxNameRead - 1);
  if (/\p{Bidi_Control}/u.test(read) || !read.isWellFormed()) throw badName();
  const name = read
    .normalize('NFC')
    .replace(/(?!\u200d|\ufe0f)\p{Default_Ignorable_Code_Point}/gu, '')
    .replace(/(\p{M}{3})\p{M}+/gu, '$1')
    .replace(/\s+/gu, ' ')
    .trim();
  if (name === '') return undefined;
  const cut = name.length > maxNameLength ? `${cutTo([...name], maxNameLength - 1)}…` : name;
  if (checkClientName(cut) !== undefined) throw badName();
  return cut;
}

function badName(): errors.InvalidClientMetadata {
  return invalid('client_name holds control or text-direction characters: remove them');
}

/** Whole characters whose UTF-16 length is at most `length`. */
function cutTo(characters: readonly string[], length: number): string {
  let text = '';
  for (const character of characters) {
    if (text.length + character.length > length) break;
    text += character;
  }
  return text;
}

function oneOf(value: unknown, known: readonly string[]): string | undefined {
  return typeof value === 'string' && known.includes(value) ? value : undefined;
}

function webUri(value: unknown): string | undefined {
  const good =
    typeof value === 'string' && /^https?:/u.test(value) && checkRedirectUri(value) === undefined;
  return good ? value : undefined;
}

function contacts(value: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const addresses = value.filter(
    (item) =>
      typeof item === 'string' &&
      item.length <= 254 &&
      /^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*$/u.test(item),
  );
  return addresses.length > 0 ? addresses.slice(0, maxContacts) : undefined;
}

function withoutUndefined(members: Members): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
