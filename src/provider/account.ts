import { randomBytes } from 'node:crypto';
import {
  type AccessToken,
  type Account,
  type AccountClaims,
  type AuthorizationCode,
  errors,
  type KoaContextWithOIDC,
  type RefreshToken,
} from 'oidc-provider';
import { deviceClaims, scopedClaims } from '../identity/claims.ts';
import type { Identity } from '../identity/identity.ts';
import { displayLogin, subjectOf } from '../identity/subject.ts';
import type { CapMap } from '../peer/whois.ts';
import { decideEnter } from '../policy/decide.ts';
import { extraClaimsOf } from '../policy/extra-claims.ts';
import { rulesOf } from '../policy/grant.ts';
import { extraClaimsKey } from './claims-result.ts';
import { allowedPeer } from './clickless.ts';
import { isOwnTrouble, refusalError } from './errors.ts';
import { bindingOf } from './grants.ts';
import { factsOf, staleMark } from './request.ts';
import type { ProviderSettings } from './settings.ts';

type TokenWithGrant = AuthorizationCode | AccessToken | RefreshToken;

/**
 * oidc-provider's account of a subject. At `/authorize` it is the peer itself; at every other place, where the
 * app's server calls, it is whoever the login's device belongs to **now**: same device, same person, still
 * allowed to enter (T04). Undefined when that does not hold; oidc-provider then answers `invalid_grant` or
 * `invalid_token`.
 */
export async function findAccount(
  ctx: KoaContextWithOIDC,
  subject: string,
  token: TokenWithGrant | undefined,
  settings: ProviderSettings,
): Promise<Account | undefined> {
  if (token === undefined) {
    const identity = await allowedPeer(ctx, settings, ctx.oidc.prompts.has('none'));
    if (subjectOf(identity) !== subject) {
      throw new errors.AccessDenied('this login was begun by another person or device');
    }
    const identified = await factsOf(ctx).identify();
    return identified.ok
      ? accountOf(ctx, identified.identity, identified.capMap, settings)
      : undefined;
  }
  return accountBehind(ctx, subject, token, settings);
}

/** What a token remembers of the login that it came from. */
interface IssuedToken {
  readonly clientId?: string | undefined;
  readonly grantId?: string | undefined;
}

/**
 * The account behind a token that was issued earlier; see `findAccount`.
 * @throws errors.TemporarilyUnavailable (503) while tailscaled can't say
 */
export async function accountBehind(
  ctx: KoaContextWithOIDC,
  subject: string,
  token: IssuedToken,
  settings: ProviderSettings,
): Promise<Account | undefined> {
  const binding = await bindingOf(ctx, token.grantId);
  if (!binding) return undefined;
  const identified = await settings.oracle.device(binding);
  if (!identified.ok) {
    if (isOwnTrouble(identified.refusal)) throw refusalError(identified.refusal, false);
    return denied(ctx, subject, token, identified.refusal.message, settings);
  }
  if (identified.stale) factsOf(ctx).stale = true;
  if (subjectOf(identified.identity) !== subject) {
    return denied(ctx, subject, token, 'the device now belongs to somebody else', settings);
  }
  const client = await ctx.oidc.provider.Client.find(token.clientId ?? '');
  if (!client) return undefined;
  const decision = decideEnter({
    identity: identified.identity,
    rules: rulesOf(identified.capMap),
    clientId: client.clientId,
    clientName: client.clientName ?? client.clientId,
    access: settings.access,
  });
  if (!decision.allowed) return denied(ctx, subject, token, decision.reason, settings);
  return accountOf(ctx, identified.identity, identified.capMap, settings);
}

function denied(
  ctx: KoaContextWithOIDC,
  subject: string,
  token: IssuedToken,
  reason: string,
  settings: ProviderSettings,
): undefined {
  settings.audit.append({
    at: settings.clock.nowSeconds(),
    event: 'denial',
    subject,
    client: token.clientId,
    reason,
    detail: { at: ctx.oidc.route, ...staleMark(ctx) },
  });
}

/** An account whose claims come from the answer that tailscaled gave in this request. */
export interface TailnetAccount extends Account {
  readonly login: string;
}

function accountOf(
  ctx: KoaContextWithOIDC,
  identity: Identity,
  capMap: CapMap,
  settings: ProviderSettings,
): TailnetAccount {
  return {
    accountId: subjectOf(identity),
    login: displayLogin(identity),
    claims: (use, scope) => claimsFor(ctx, { identity, capMap, use, scope }, settings),
  };
}

interface ClaimsQuestion {
  readonly identity: Identity;
  readonly capMap: CapMap;
  readonly use: string;
  readonly scope: string;
}

function claimsFor(
  ctx: KoaContextWithOIDC,
  { identity, capMap, use, scope }: ClaimsQuestion,
  settings: ProviderSettings,
): AccountClaims {
  const options = {
    issuerHost: new URL(settings.issuer).hostname,
    emailVerified: settings.emailVerified,
    now: settings.clock.nowSeconds(),
  };
  const extra = extraClaimsOf(rulesOf(capMap).rules);
  const inIdToken = use === 'id_token';
  const always: Record<string, unknown> = { ...(inIdToken ? extra.idToken : extra.userinfo) };
  const groups = groupsFor(always['groups'], extra.groups, scope);
  if (groups !== undefined) always['groups'] = groups;
  if (inIdToken) {
    const jti = randomBytes(16).toString('hex');
    factsOf(ctx).idTokenId = jti;
    Object.assign(always, deviceClaims(identity, options), { jti });
  }
  return { sub: subjectOf(identity), ...scopedClaims(identity, options), [extraClaimsKey]: always };
}

/** The rules' `groups` stand under the `groups` scope; those that `extraClaims` name, always, as in tsidp. */
function groupsFor(extra: unknown, groups: readonly string[], scope: string): unknown {
  if (!scope.split(' ').includes('groups')) return extra;
  if (extra === undefined) return groups;
  return Array.isArray(extra) ? [...new Set([...groups, ...extra])] : extra;
}
