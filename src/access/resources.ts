import type { ResourceConfig } from '../config/resources-schema.ts';
import type { Known } from '../identity/identity.ts';
import { grantedResources, partyOf } from '../policy/decide-act.ts';
import { canonicalResource } from '../protocol/resource.ts';

/** A resource server (RFC 8707) that tokens can be for. */
export interface Resource {
  /** As tokens have it in `aud`. */
  readonly uri: string;
  readonly name: string;
  /** Words for people, by scope. Undefined: no operator declared them, and whatever a grant gives is one. */
  readonly scopes: ReadonlyMap<string, string> | undefined;
  readonly openScopes: readonly string[];
  readonly tokenFormat: 'jwt' | 'opaque';
  readonly ttlSeconds: number;
  readonly algorithm: 'RS256' | 'ES256' | 'EdDSA';
  readonly claims: ResourceConfig['claims'];
  /** IDs of the clients that are this resource. */
  readonly clients: readonly string[];
}

export interface ResourceDirectory {
  readonly all: readonly Resource[];
  /**
   * The configured one, whichever way its empty path is written. A slash at the end of a web address tells none apart
   * from one that is configured without, or the other way round, unless both are.
   */
  find(uri: string): Resource | undefined;
}

/** Longer, a verifier that never asks us would accept a JWT long after it was revoked. */
export const maxJwtSeconds = 900;

export function createResources(configured: readonly ResourceConfig[]): ResourceDirectory {
  const all = configured.map(
    ({ scopes, ...resource }): Resource => ({
      ...resource,
      name: resource.name ?? resource.uri,
      scopes: new Map(Object.entries(scopes)),
    }),
  );
  const byUri = new Map(all.map((resource) => [canonicalResource(resource.uri), resource]));
  return {
    all,
    find: (uri) => byUri.get(canonicalResource(uri)) ?? byUri.get(otherSlash(uri)),
  };
}

function otherSlash(uri: string): string {
  if (!/^https?:\/\/[^/?#]+\/[^?#]+$/u.test(uri)) return uri;
  return uri.endsWith('/') ? uri.slice(0, -1) : `${uri}/`;
}

/** The configured resource, or one that the policy alone names: a grant of this peer has it in `resources`. */
export function resourceFor(
  uri: string,
  known: Known | undefined,
  directory: ResourceDirectory,
): Resource | undefined {
  const configured = directory.find(uri);
  if (configured || !known) return configured;
  const canonical = canonicalResource(uri);
  const isGranted = grantedResources(partyOf(known)).some(
    (one) => canonicalResource(one) === canonical,
  );
  return isGranted ? undeclaredResource(canonical) : undefined;
}

/**
 * May the audience be an app's ID? A name that is not a URI, and that no operator declared: of those that one declared
 * none is a client's (`reserved-ids.ts`).
 */
export function mayBeClient({ uri, scopes }: Pick<Resource, 'uri' | 'scopes'>): boolean {
  return scopes === undefined && !URL.canParse(uri);
}

/**
 * A resource that no operator declared has the usual settings, and no words for its scopes. One that is a name and no
 * URI may be an app's ID: a JWT for it would pass for an ID token, so its tokens are opaque.
 */
export function undeclaredResource(uri: string): Resource {
  return {
    uri,
    name: uri,
    scopes: undefined,
    openScopes: [],
    tokenFormat: URL.canParse(uri) ? 'jwt' : 'opaque',
    ttlSeconds: maxJwtSeconds,
    algorithm: 'RS256',
    claims: [],
    clients: [],
  };
}
