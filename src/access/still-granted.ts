import type { Client } from 'oidc-provider';
import type { Known } from '../identity/identity.ts';
import { type Denied, denied } from '../policy/decision.ts';
import { resourceScopesOf, scopesAt } from './resource-scopes.ts';
import { resourceFor, undeclaredResource } from './resources.ts';
import type { ProviderSettings } from './settings.ts';

/** What a code or token remembers of the resources that it is for. */
export interface ResourceToken {
  readonly scope?: string | undefined;
  /** Of codes and refresh tokens. */
  readonly resource?: string | readonly string[] | undefined;
  /** Of access tokens. */
  readonly aud?: string | readonly string[] | undefined;
  /** It was exchanged: grants were asked which resources it may be for, by names or by `*`. */
  readonly isExchanged?: boolean;
}

export type StillGranted =
  | {
      readonly allowed: true;
      /** Its scopes without those of resources that no grant gives any more. */
      readonly scopes: readonly string[];
    }
  | Denied;

/**
 * Grants are asked again whenever a token is used here (T04): one whose resource is gone, or whose every scope at its
 * resources is, is worth nothing more.
 */
export function stillGranted(
  token: ResourceToken,
  { known, client }: { readonly known: Known; readonly client: Client },
  settings: ProviderSettings,
): StillGranted {
  const scopes = (token.scope ?? '').split(' ').filter((scope) => scope !== '');
  const uris = [token.aud ?? token.resource ?? []].flat();
  if (uris.length === 0) return { allowed: true, scopes };
  const found = uris.flatMap(
    (uri) =>
      resourceFor(uri, known, settings.resources) ??
      (token.isExchanged ? undeclaredResource(uri) : []),
  );
  // an access token is used as a whole, a login for several resources at one after the other
  const isWhole = token.aud !== undefined;
  if (found.length === 0 || (isWhole && found.length < uris.length)) {
    return denied([{ reason: 'the resource of this token is no longer declared or granted' }], []);
  }
  const asked = resourceScopesOf(scopes);
  if (asked.length === 0) return { allowed: true, scopes };
  const decisions = found.map((resource) => scopesAt(resource, asked, { known, client }, settings));
  const everywhere = decisions.map((decision) => new Set(decision.scopes));
  const left = everywhere.reduce((all, one) => (isWhole ? all.intersection(one) : all.union(one)));
  const [refusal] = decisions.filter((decision) => !decision.allowed);
  if (left.size === 0 && refusal) return refusal;
  return {
    allowed: true,
    scopes: scopes.filter((scope) => left.has(scope) || !asked.includes(scope)),
  };
}
