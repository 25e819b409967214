import { type Client, errors, type KoaContextWithOIDC } from 'oidc-provider';
import type { Known } from '../identity/identity.ts';
import { scopesOfCapabilities } from '../policy/capability-scopes.ts';
import { decideScopes, type ScopesDecision } from '../policy/decide-scopes.ts';
import { rulesOf } from '../policy/grant.ts';
import { identityScopes } from '../protocol/scope.ts';
import { PolicyDenied } from './denial.ts';
import { type App, appOf } from './enter.ts';
import type { Resource } from './resources.ts';
import type { ProviderSettings } from './settings.ts';

/** The scopes of a request that are some resource's, without those that say who somebody is. */
export function resourceScopesOf(scopes: Iterable<string>): string[] {
  return [...scopes].filter((scope) => scope !== '' && !identityScopes.has(scope));
}

/** What of the requested scopes this peer's token for the resource may hold: requested ∩ granted ∩ the resource's. */
export function scopesAt(
  resource: Resource,
  requested: readonly string[],
  { known, client }: { readonly known: Known; readonly client: Client },
  settings: ProviderSettings,
): ScopesDecision {
  return scopesOfApp(resource, requested, { known, app: appOf(client) }, settings);
}

export type ScopeSettings = Pick<ProviderSettings, 'capabilityScopes'>;

/** The same for an app as commands read it. */
export function scopesOfApp(
  resource: Resource,
  requested: readonly string[],
  { known, app }: { readonly known: Known; readonly app: Pick<App, 'scopes'> },
  { capabilityScopes }: ScopeSettings,
): ScopesDecision {
  return decideScopes({
    rules: rulesOf(known.capMap),
    requested,
    resource: {
      uri: resource.uri,
      scopes: resource.scopes ? [...resource.scopes.keys()] : requested,
      openScopes: resource.openScopes,
    },
    clientScopes: app.scopes && new Set(app.scopes),
    mapped: scopesOfCapabilities(capabilityScopes, known.capMap).scopes,
  });
}

/**
 * Refuses an authorization that asks for scopes of its resources and may have none of them. A part is enough: the
 * answer's `scope` says which (RFC 6749 section 3.3).
 * @throws PolicyDenied with the grant that would change it
 */
export function requireSomeScope(
  ctx: KoaContextWithOIDC,
  decisions: readonly ScopesDecision[],
  known: Known,
): void {
  const { client } = ctx.oidc;
  const [first] = decisions;
  if (!client || !first || decisions.some(({ scopes }) => scopes.length > 0)) return;
  const refusals = decisions.filter((decision) => !decision.allowed);
  const best = refusals.find(({ remedy }) => remedy) ?? refusals[0];
  if (best) throw new PolicyDenied(appOf(client), known.identity, best);
}

/** RFC 8707 section 2: the one error for every resource that can't be had here. */
export function invalidTarget(uri: string): errors.InvalidTarget {
  return new errors.InvalidTarget(noSuchResource(uri));
}

/** In words that may stand in an `error_description`. */
export function noSuchResource(uri: string): string {
  const shown = /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/u.test(uri) ? uri : 'this URI';
  return `there is no resource ${shown} here: an administrator declares it (resources), or a grant names it`;
}
