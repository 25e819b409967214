import { createHash } from 'node:crypto';
import { errors } from 'oidc-provider';
import type { ClientMetadata } from './client-metadata.ts';
import { assertionAlgorithms } from './jws.ts';
import { normaliseRegistration } from './normalise-registration.ts';
import { readPublicKeys } from './public-keys.ts';

export type ReadDocument =
  | { readonly ok: true; readonly metadata: ClientMetadata }
  /** Worded to follow "the metadata document". */
  | { readonly ok: false; readonly reason: string };

/**
 * A client's metadata from the document at its ID (draft-ietf-oauth-client-id-metadata-document section 4). As tolerant as
 * registration and as strict, but: the document names its own URL, and no secret can be shared with a public file.
 */
export function readMetadataDocument(url: string, text: string): ReadDocument {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return refuse('is not JSON');
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    return refuse('is not a JSON object');
  }
  const members: Members = { ...document };
  if (members['client_id'] !== url) return refuse('does not name its own URL as its client_id');
  const authentication = readAuthentication(members);
  if (!authentication.ok) return authentication;
  const registration = readRegistration(members, url);
  if (!registration.ok) return registration;
  return {
    ok: true,
    metadata: {
      ...registration.metadata,
      ...authentication.metadata,
      application_type: 'web',
    },
  };
}

type Members = Readonly<Record<string, unknown>>;

const refuse = (reason: string): ReadDocument => ({ ok: false, reason });

/** The members that registration knows, too, by its rules. */
function readRegistration(members: Members, url: string): ReadDocument {
  const { response_types: responseTypes } = members;
  if (Array.isArray(responseTypes) && !responseTypes.includes('code')) {
    return refuse('asks for response_types without "code"');
  }
  try {
    const metadata = normaliseRegistration({
      ...members,
      client_name: cleanName(members['client_name']) || new URL(url).host,
      token_endpoint_auth_method: 'none',
    });
    return { ok: true, metadata };
  } catch (error) {
    if (!(error instanceof errors.InvalidClientMetadata)) throw error;
    return refuse(`is refused: ${error.error_description}`);
  }
}

/** A name is a hint, and a bad one no reason to turn a client away: what could disguise it is taken out. */
function cleanName(name: unknown): string {
  if (typeof name !== 'string') return '';
  return name
    .slice(0, 1000)
    .toWellFormed()
    .replace(/[\p{Bidi_Control}\p{Cc}\p{Zl}\p{Zp}<>]/gu, ' ')
    .replace(/\s+/gu, ' ')
    .trim();
}

const secretMethods = ['client_secret_basic', 'client_secret_post', 'client_secret_jwt'];

/** How it authenticates: `private_key_jwt` where it says so or only has keys, else not at all. */
function readAuthentication(members: Members): ReadDocument {
  if ('client_secret' in members || 'client_secret_expires_at' in members) {
    return refuse('holds a client secret, which everybody could read');
  }
  const { jwks, jwks_uri: jwksUri } = members;
  const asked = [
    members['token_endpoint_auth_method'],
    members['token_endpoint_auth_methods_supported'],
  ]
    .flat()
    .filter((method) => typeof method === 'string');
  const hasKeys = jwks !== undefined || jwksUri !== undefined;
  const method =
    asked.find((one) => one === 'none' || (one === 'private_key_jwt' && hasKeys)) ??
    (asked.length === 0 ? (hasKeys ? 'private_key_jwt' : 'none') : undefined);
  if (method === undefined) {
    const shown = asked.some((one) => secretMethods.includes(one)) ? 'a shared secret' : 'a method';
    return refuse(
      `asks for ${shown} that can't be used: set token_endpoint_auth_method to "none", or to "private_key_jwt" with "jwks" or "jwks_uri"`,
    );
  }
  if (method === 'none') return { ok: true, metadata: { token_endpoint_auth_method: method } };
  return readKeys(members);
}

function readKeys(members: Members): ReadDocument {
  const { jwks, jwks_uri: jwksUri, token_endpoint_auth_signing_alg: algorithm } = members;
  if (jwks !== undefined && jwksUri !== undefined) return refuse('has both jwks and jwks_uri');
  if (algorithm !== undefined && !isAssertionAlgorithm(algorithm)) {
    return refuse(`asks for a token_endpoint_auth_signing_alg other than ${algorithms}`);
  }
  const method = {
    token_endpoint_auth_method: 'private_key_jwt',
    ...(algorithm === undefined ? {} : { token_endpoint_auth_signing_alg: algorithm }),
  };
  if (jwks === undefined) {
    const reason = checkKeysUri(jwksUri);
    if (reason !== undefined) return refuse(reason);
    return { ok: true, metadata: { ...method, jwks_uri: jwksUri } };
  }
  const read = readPublicKeys(jwks);
  if (!read.ok) return refuse(`has a "jwks" that ${read.reason}`);
  return { ok: true, metadata: { ...method, jwks: { keys: read.keys } } };
}

const algorithms = assertionAlgorithms.join(', ');
const isAssertionAlgorithm = (value: unknown): boolean =>
  assertionAlgorithms.some((known) => known === value);

/** Whether the guard lets us ask there is decided when we ask. */
function checkKeysUri(uri: unknown): string | undefined {
  const good = typeof uri === 'string' && uri.length <= 2048 && URL.parse(uri) !== null;
  return good ? undefined : 'has a jwks_uri that is not a URL';
}

/** Remembered consent holds for these redirect URIs only: a document can change at any time. */
export function redirectsDigest({ redirect_uris: redirectUris }: Members): string {
  const sorted = [...(redirectUris as string[])].sort();
  return createHash('sha256').update(JSON.stringify(sorted)).digest('base64url');
}
