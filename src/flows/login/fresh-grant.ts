import type { Client, Grant, KoaContextWithOIDC, Provider } from 'oidc-provider';
import { needsConfirmation, scopesOf } from '../../access/client-settings.ts';
import { asShown } from '../../access/device-click.ts';
import { factsOf } from '../../access/request.ts';
import { type Requested, requestedOf } from '../../access/requested.ts';
import { isSelfRegistered } from '../../access/self-registered.ts';
import type { ProviderSettings } from '../../access/settings.ts';
import { type SessionGrant, sessionName } from '../../engine/session-end.ts';
import { codeWaitSeconds, type Waiting } from '../../engine/waiting.ts';
import type { Identity } from '../../identity/identity.ts';
import type { DeviceBinding } from '../../identity/oracle.ts';
import { claimsWithin } from '../../protocol/scope-claims.ts';
import { nameOf } from '../../store/family-table.ts';
import { consentOf } from './consent.ts';

/** An oidc-provider Grant with the device and the session that the login came from. */
export interface BoundGrant extends SessionGrant, Waiting {
  device?: DeviceBinding;
  /** Of whoever acts for the subject, newest first. */
  actors?: readonly DeviceBinding[];
}

/**
 * Lets an oidc-provider Grant carry the device and the session it was given to. Everything that outlives the login
 * (refresh, userinfo, introspection) hangs on the Grant, and must ask for the person at that device again;
 * oidc-provider stores only the members it knows, and has no hook for others.
 */
export function keepDevice(provider: Provider): void {
  const { Grant } = provider as unknown as { Grant: { IN_PAYLOAD: string[] } };
  Object.defineProperty(Grant, 'IN_PAYLOAD', {
    value: [...Grant.IN_PAYLOAD, 'device', 'session', 'parents', 'actors', 'waitSeconds'],
  });
}

/** What a Grant is called in the store and in the Grants that descend from it. */
export function grantName(grantId: string): string {
  return nameOf(grantId);
}

/** The device behind a token's Grant; undefined when the Grant is gone, which is how tokens are revoked. */
export async function bindingOf(
  ctx: KoaContextWithOIDC,
  grantId: string | undefined,
): Promise<DeviceBinding | undefined> {
  const loaded = ctx.oidc.entities.Grant as BoundGrant | undefined;
  if (loaded && loaded.jti === grantId) return loaded.device;
  if (!grantId) return undefined;
  const grant: BoundGrant | undefined = await ctx.oidc.provider.Grant.find(grantId);
  return grant?.device;
}

/** The devices of those who act with a token, newest first, and the Grants that it descends from. */
export async function lineageOf(
  ctx: KoaContextWithOIDC,
  grantId: string | undefined,
): Promise<Required<Pick<BoundGrant, 'actors' | 'ancestors'>>> {
  const grant: BoundGrant | undefined = grantId
    ? await ctx.oidc.provider.Grant.find(grantId)
    : undefined;
  return { actors: grant?.actors ?? [], ancestors: grant?.ancestors ?? [] };
}

/**
 * A fresh Grant for every authorization (`loadExistingGrant`): code replay and revocation act on the Grant, and
 * must not reach what another device of the same person holds.
 */
export async function freshGrant(
  ctx: KoaContextWithOIDC,
  settings: ProviderSettings,
): Promise<Grant> {
  const { oidc } = ctx;
  const { client, account } = oidc;
  if (!client || !account) throw new Error('a Grant needs a client and an account');
  const identified = await factsOf(ctx).identify();
  if (!identified.ok) throw new Error('a Grant needs an identified peer');
  const grant: BoundGrant = new oidc.provider.Grant({
    accountId: account.accountId,
    clientId: client.clientId,
  });
  grant.device = deviceBinding(identified.identity);
  grant.waitSeconds = codeWaitSeconds(ctx, settings);
  if (oidc.session) grant.session = sessionName(oidc.session.uid);
  const given = await givenOf(ctx, client, settings);
  grant.addOIDCScope([...given.scopes]);
  grant.addOIDCClaims([...given.claims]);
  for (const { uri, scopes } of given.resources) {
    grant.addResourceScope(
      uri,
      scopes.map(({ name }) => name),
    );
  }
  // a page comes first: it will be back with a request of its own
  if (!(await pageExpected(ctx, settings))) await grant.save();
  return grant;
}

const nothing: Requested = { identityScopes: [], resources: [] };

interface Given {
  readonly scopes: readonly string[];
  /** Asked for one by one (OpenID Connect Core 5.5). */
  readonly claims: readonly string[];
  readonly resources: Requested['resources'];
}

/** What the Grant holds: all that policy gives of what was asked for, or what the person allowed of it. */
async function givenOf(
  ctx: KoaContextWithOIDC,
  client: Client,
  settings: ProviderSettings,
): Promise<Given> {
  const { requestParamOIDCScopes, requestParamClaims: claims } = ctx.oidc;
  const consent = await consentOf(ctx, settings);
  const requested = consent ? (consent.given ?? nothing) : await requestedOf(ctx, settings);
  const resources = asShown(ctx, requested.resources);
  const allowed = scopesOf(client);
  const scopes = consent
    ? (consent.given ?? nothing).identityScopes
    : [...requestParamOIDCScopes].filter((scope) => allowed?.has(scope) ?? true);
  // a claim tells what its scope tells, and only scopes stand on the page that such a client needs
  const its = isSelfRegistered(client) ? claimsWithin(claims, scopes) : [...claims];
  return { scopes, claims: its, resources };
}

async function pageExpected(ctx: KoaContextWithOIDC, settings: ProviderSettings): Promise<boolean> {
  const { oidc } = ctx;
  const consent = await consentOf(ctx, settings);
  if (consent && !consent.given) return true;
  if (oidc.route !== 'authorization') return false;
  return (
    ['login', 'consent', 'select_account'].some((prompt) => oidc.prompts.has(prompt)) ||
    (!consent && needsConfirmation(ctx, settings))
  );
}

/** What a Grant remembers of the device that it was given to. */
export function deviceBinding(identity: Identity): DeviceBinding {
  const prefix = identity.node.addresses[0];
  if (prefix === undefined) throw new Error('a tailnet device without an address');
  return {
    stableId: identity.node.stableId,
    address: prefix.replace(/\/\d+$/, ''),
    tags: identity.kind === 'machine' ? identity.tags : [],
  };
}
