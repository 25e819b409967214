import { type Client, errors } from 'oidc-provider';
import { scopesOf } from '../../access/client-settings.ts';
import { resourceScopesOf, scopesAt } from '../../access/resource-scopes.ts';
import {
  maxJwtSeconds,
  mayBeClient,
  type Resource,
  undeclaredResource,
} from '../../access/resources.ts';
import type { ProviderSettings } from '../../access/settings.ts';
import type { Known } from '../../identity/identity.ts';
import { type ExchangeRequest, travellingScopes } from './exchange-request.ts';

/** What an exchanged token is for: never more than its subject token was, nor longer. */
export interface Narrowed {
  readonly resources: readonly [Resource, ...Resource[]];
  readonly scopes: readonly string[];
  /** Epoch seconds. */
  readonly expiresAt: number;
}

/** What a token was worth when it was presented: its scopes are those that grants still give. */
export interface Ceiling {
  readonly scopes: readonly string[];
  /** Its scopes at resources are all that may come of it. */
  readonly isLimited: boolean;
  /** Epoch seconds. */
  readonly expiresAt: number;
}

/**
 * Scopes and life of an exchanged token. A token for several resources holds only scopes that are granted at every
 * one of them: each would take it for its own.
 * @throws errors.InvalidTarget, errors.InvalidScope
 */
export function narrow(
  { targets, scopes: asked, tokenType }: Pick<ExchangeRequest, 'targets' | 'scopes' | 'tokenType'>,
  subject: Ceiling,
  who: { readonly known: Known; readonly client: Client },
  settings: ProviderSettings,
): Narrowed {
  const [first, ...others] = targets.map(
    (uri) => settings.resources.find(uri) ?? undeclaredResource(uri),
  );
  if (!first) throw new errors.InvalidTarget('name the resource or audience that the token is for');
  const resources = [first, ...others] as const;
  if (tokenType === 'jwt' && resources.some(mayBeClient)) {
    throw new errors.InvalidTarget(
      'tokens for a name that is not a URI are opaque, unless an administrator declares it as a resource',
    );
  }
  const has = subject.scopes;
  // a login that named no resource has not been narrowed yet: policy alone says what is there
  const ceiling = subject.isLimited ? new Set(resourceScopesOf(has)) : undefined;
  const wanted = resourceScopesOf(asked ?? ceiling ?? resources.flatMap(scopesKnownBy));
  const within = ceiling ? wanted.filter((scope) => ceiling.has(scope)) : wanted;
  const granted = resources.reduce<readonly string[]>(
    (left, resource) => (left.length === 0 ? left : scopesAt(resource, left, who, settings).scopes),
    [...new Set(within)],
  );
  if (asked && resourceScopesOf(asked).length > 0 && granted.length === 0) {
    throw new errors.InvalidScope(
      'the subject_token, the grants of its subject or the resource give none of these scopes',
      resourceScopesOf(asked).join(' '),
    );
  }
  const allowed = scopesOf(who.client);
  const own = travellingScopes(has).filter(
    (scope) => (asked?.includes(scope) ?? true) && (allowed?.has(scope) ?? true),
  );
  const longest = tokenType === 'jwt' ? maxJwtSeconds : Number.POSITIVE_INFINITY;
  const lifetime = Math.min(longest, ...resources.map(({ ttlSeconds }) => ttlSeconds));
  const now = settings.clock.nowSeconds();
  const expiresAt = Math.min(subject.expiresAt, now + lifetime);
  if (expiresAt <= now) throw new errors.InvalidRequest('subject_token has expired');
  return { resources, scopes: [...own, ...granted], expiresAt };
}

function scopesKnownBy({ scopes }: Resource): readonly string[] {
  return scopes ? [...scopes.keys()] : [];
}
