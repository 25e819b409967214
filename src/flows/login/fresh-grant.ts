import type { Client, Grant, KoaContextWithOIDC } from 'oidc-provider';
import { type BoundGrant, deviceBinding } from '../../access/bound-grant.ts';
import { needsConfirmation, scopesOf } from '../../access/client-settings.ts';
import { asShown } from '../../access/device-click.ts';
import { factsOf } from '../../access/request.ts';
import { type Requested, requestedOf } from '../../access/requested.ts';
import { isSelfRegistered } from '../../access/self-registered.ts';
import type { ProviderSettings } from '../../access/settings.ts';
import { sessionName } from '../../endings/session-name.ts';
import { codeWaitSeconds } from '../../engine/waiting.ts';
import { claimsWithin } from '../../protocol/scope-claims.ts';
import { consentOf } from './consent.ts';

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
