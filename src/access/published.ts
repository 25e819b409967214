import { carrierMethod, peerMethod } from './peer-client.ts';

/** What of oidc-provider's metadata documents and key set is told otherwise: a list names only what is ever given. */

/** Scopes that are accepted, as the certification suite asks for them, and bring nothing: no tailnet has such claims. */
const emptyScopes: ReadonlySet<string> = new Set(['address', 'phone']);

/** What ID tokens and userinfo may hold of people, devices and logins; `set` of a client may add others. */
const givenClaims: readonly string[] = [
  'sub',
  'name',
  'username',
  'preferred_username',
  'picture',
  'email',
  'email_verified',
  'groups',
  'key',
  'addresses',
  'nid',
  'node',
  'tailnet',
  'tags',
  'uid',
  'acr',
  'auth_time',
  'iss',
];

type Document = Record<string, unknown>;

/**
 * Changes a metadata document in place.
 * @param setClaims names of the claims that clients' configurations set (`claims.set`)
 */
export function completeMetadata(document: Document, setClaims: ReadonlySet<string>): void {
  const { scopes_supported: scopes, claims_supported: claims } = document;
  if (Array.isArray(scopes)) {
    document['scopes_supported'] = scopes.filter((scope) => !emptyScopes.has(scope));
  }
  if (Array.isArray(claims)) {
    document['claims_supported'] = [...new Set([...givenClaims, ...setClaims])];
  }
  nameOwnMethod(document);
}

/**
 * Our own method stands in a member of its own: clients that know the registered methods as an enumeration refuse the
 * whole document for a different one.
 */
function nameOwnMethod(document: Document): void {
  for (const [name, methods] of Object.entries(document)) {
    if (!name.endsWith('_auth_methods_supported') || !Array.isArray(methods)) continue;
    if (!methods.includes(carrierMethod)) continue;
    document[name] = methods.filter((method) => method !== carrierMethod);
    document[`tsidp_${name}`] = [peerMethod];
  }
}

/** The key set with keys of these algorithms alone. */
export function keysOf(
  { keys }: { readonly keys: readonly { readonly alg?: string }[] },
  algorithms: ReadonlySet<string>,
) {
  return { keys: keys.filter(({ alg }) => alg !== undefined && algorithms.has(alg)) };
}
