import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import type { ScopesDecision } from '../policy/decide-scopes.ts';
import { identityScopes } from '../protocol/scope.ts';
import { scopesWithClaim } from '../protocol/scope-claims.ts';
import { scopesOf } from './client-settings.ts';
import { factsOf } from './request.ts';
import { requireSomeScope, resourceScopesOf, scopesAt } from './resource-scopes.ts';
import { type Resource, resourceFor } from './resources.ts';
import type { ProviderSettings } from './settings.ts';

export interface RequestedResource {
  readonly uri: string;
  readonly name: string;
  readonly scopes: readonly { readonly name: string; readonly text: string }[];
}

/** What an authorization request asks for, as far as policy gives it to this person and client. */
export interface Requested {
  readonly identityScopes: readonly string[];
  readonly resources: readonly RequestedResource[];
}

/**
 * What the login of this request would give: what the consent page shows, and the Grant holds.
 * @throws PolicyDenied when scopes of resources are asked for, and none of them is granted
 * @throws errors.InvalidTarget (RFC 8707 section 2)
 */
export async function requestedOf(
  ctx: KoaContextWithOIDC,
  settings: ProviderSettings,
): Promise<Requested> {
  const { client, params, requestParamScopes } = ctx.oidc;
  if (!client) throw new Error('a request without a client');
  const identified = await factsOf(ctx).identify();
  if (!identified.ok) throw new Error('a request without an identified peer');
  const asked = resourceScopesOf(requestParamScopes);
  const decisions: ScopesDecision[] = [];
  const resources = urisOf(params?.['resource']).map((uri) => {
    const resource = resourceFor(uri, identified, settings.resources);
    if (!resource) throw new errors.InvalidTarget('there is no such resource here');
    const its = resource.scopes ? asked.filter((scope) => resource.scopes?.has(scope)) : asked;
    const decision = scopesAt(resource, its, { known: identified, client }, settings);
    if (its.length > 0) decisions.push(decision);
    return requestedResource(uri, resource, decision.scopes);
  });
  requireSomeScope(ctx, decisions, identified);
  const allowed = scopesOf(client);
  return {
    identityScopes: [...requestParamScopes].filter(
      (scope) => identityScopes.has(scope) && (allowed?.has(scope) ?? true),
    ),
    resources,
  };
}

/**
 * Scopes that say what the client learns about the person: its own, and those of the claims that tokens for its
 * resources hold (`resources[].claims`), which it can read there.
 */
export function learnedScopes(
  { identityScopes: own, resources }: Requested,
  { resources: directory }: Pick<ProviderSettings, 'resources'>,
): readonly string[] {
  const claims = resources.flatMap(({ uri }) => directory.find(uri)?.claims ?? []);
  const its = claims.flatMap((claim) => scopesWithClaim(claim));
  return [...new Set([...own, ...its])];
}

function requestedResource(
  uri: string,
  { name, scopes: texts }: Resource,
  scopes: readonly string[],
): RequestedResource {
  const named = scopes.map((scope) => ({ name: scope, text: texts?.get(scope) ?? scope }));
  return { uri, name, scopes: named };
}

function urisOf(resource: unknown): readonly string[] {
  if (typeof resource === 'string') return [resource];
  return Array.isArray(resource) ? resource.filter((uri) => typeof uri === 'string') : [];
}
