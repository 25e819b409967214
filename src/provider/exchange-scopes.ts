import { type Client, errors } from 'oidc-provider';
import type { Identified } from '../identity/identity.ts';
import { type ExchangeRequest, travellingScopes } from './exchange-request.ts';
import type { PresentedToken } from './presented-token.ts';
import { resourceScopesOf, scopesAt } from './resource-scopes.ts';
import { type Resource, undeclaredResource } from './resources.ts';
import type { ProviderSettings } from './settings.ts';

type Known = Extract<Identified, { ok: true }>;

/** What an exchanged token is for: never more than its subject token was, nor longer. */
export interface Narrowed {
  readonly resources: readonly [Resource, ...Resource[]];
  readonly scopes: readonly string[];
  /** Seconds. */
  readonly lifetime: number;
}

/**
 * Scopes and life of an exchanged token. A token for several resources holds only scopes that are granted at every
 * one of them: each would take it for its own.
 * @throws errors.InvalidTarget, errors.InvalidScope
 */
export function narrow(
  { targets, scopes: asked }: Pick<ExchangeRequest, 'targets' | 'scopes'>,
  subject: Pick<PresentedToken, 'audience' | 'scope' | 'expiresAt'>,
  who: { readonly known: Known; readonly client: Client },
  settings: ProviderSettings,
): Narrowed {
  const [first, ...others] = targets.map(
    (uri) => settings.resources.find(uri) ?? undeclaredResource(uri),
  );
  if (!first) throw new errors.InvalidTarget('name the resource or audience that the token is for');
  const resources = [first, ...others] as const;
  const has = subject.scope.split(' ');
  // a login that named no resource has not been narrowed yet: policy alone says what is there
  const ceiling = subject.audience.length > 0 ? new Set(resourceScopesOf(has)) : undefined;
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
  const own = travellingScopes(has).filter((scope) => asked?.includes(scope) ?? true);
  const left = subject.expiresAt - settings.clock.nowSeconds();
  const lifetime = Math.min(left, ...resources.map(({ ttlSeconds }) => ttlSeconds));
  if (lifetime <= 0) throw new errors.InvalidRequest('subject_token has expired');
  return { resources, scopes: [...own, ...granted], lifetime };
}

function scopesKnownBy({ scopes }: Resource): readonly string[] {
  return scopes ? [...scopes.keys()] : [];
}
