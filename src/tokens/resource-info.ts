import {
  type Client,
  errors,
  type KoaContextWithOIDC,
  type ResourceServer,
  type TokenEndpointGrantContext,
} from 'oidc-provider';
import { factsOf } from '../access/request.ts';
import { invalidTarget, resourceScopesOf, scopesAt } from '../access/resource-scopes.ts';
import { type Resource, resourceFor, undeclaredResource } from '../access/resources.ts';
import type { ProviderSettings } from '../access/settings.ts';
import type { Known } from '../identity/identity.ts';
import type { TailnetAccount } from './account.ts';

const maxResources = 20;

/**
 * oidc-provider's `getResourceServerInfo`: what tokens for this resource are like, and which scopes they may hold
 * for the person of this request, by the grants of now. Where an app's server begins a login (pushed and device
 * requests) there is no person yet, and all is asked again when there is.
 * @throws errors.InvalidTarget
 */
export async function resourceInfo(
  ctx: KoaContextWithOIDC,
  uri: string,
  client: Client,
  settings: ProviderSettings,
): Promise<ResourceServer> {
  const { resource: named } = ctx.oidc.params ?? {};
  if (Array.isArray(named) && named.length > maxResources) {
    throw new errors.InvalidTarget(`at most ${maxResources} resources can be named at once`);
  }
  const known = await personOf(ctx);
  const resource =
    resourceFor(uri, known, settings.resources) ??
    (isBegunByApp(ctx) ? undeclaredResource(uri) : undefined);
  if (!resource) throw invalidTarget(uri);
  const asked = resourceScopesOf(ctx.oidc.requestParamScopes);
  const every = resource.scopes ? [...resource.scopes.keys()] : askedOrIssued(ctx, asked);
  const scopes = known ? scopesAt(resource, every, { known, client }, settings).scopes : every;
  return serverInfo(resource, scopes);
}

/** How tokens of a resource are made. */
export function serverInfo(resource: Resource, scopes: readonly string[]): ResourceServer {
  const { uri, tokenFormat, ttlSeconds, algorithm } = resource;
  return {
    audience: uri,
    scope: scopes.join(' '),
    accessTokenTTL: ttlSeconds,
    accessTokenFormat: tokenFormat,
    ...(tokenFormat === 'jwt' ? { jwt: { sign: { alg: algorithm } } } : {}),
  } as ResourceServer;
}

/** A resource that nobody declared has the scopes that were asked for, at a refresh those of the login. */
function askedOrIssued(ctx: KoaContextWithOIDC, asked: readonly string[]): readonly string[] {
  const { AuthorizationCode: code, RefreshToken: refresh, DeviceCode: device } = ctx.oidc.entities;
  const issued = (code ?? refresh ?? device)?.scope;
  return asked.length > 0 ? asked : resourceScopesOf(issued?.split(' ') ?? []);
}

function isBegunByApp({ oidc }: KoaContextWithOIDC): boolean {
  return oidc.route === 'pushed_authorization_request' || oidc.route === 'device_authorization';
}

/** Who the tokens of this request are for, as tailscaled says now. */
async function personOf(ctx: KoaContextWithOIDC): Promise<Known | undefined> {
  const account = ctx.oidc.account as TailnetAccount | undefined;
  if (account?.known) return account.known;
  if (isBegunByApp(ctx) || ctx.oidc.route === 'token') return undefined;
  const identified = await factsOf(ctx).identify();
  return identified.ok ? identified : undefined;
}

/** The resource of a grant of ours, as oidc-provider's own grants have it. */
export function resourceServerOf(
  { oidc }: TokenEndpointGrantContext,
  { uri }: Resource,
  info: ResourceServer,
): ResourceServer {
  const { ResourceServer: Model } = oidc.provider as unknown as {
    ResourceServer: new (uri: string, info: ResourceServer) => ResourceServer;
  };
  const server = new Model(uri, info);
  Object.assign(oidc.resourceServers, { [uri]: server });
  return server;
}
