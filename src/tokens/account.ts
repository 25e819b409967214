import {
  type AccessToken,
  type Account,
  type AuthorizationCode,
  type Client,
  type DeviceCode,
  errors,
  type KoaContextWithOIDC,
  type RefreshToken,
} from 'oidc-provider';
import { allowedPeer } from '../access/allowed-peer.ts';
import { bindingOf } from '../access/bound-grant.ts';
import { isDeviceClick, takeClick } from '../access/device-click.ts';
import { appOf } from '../access/enter.ts';
import { isOwnTrouble, refusalError } from '../access/errors.ts';
import { clientOf, type IssuedToken, stillGood } from '../access/may-still.ts';
import { factsOf, staleMark } from '../access/request.ts';
import type { ProviderSettings } from '../access/settings.ts';
import { endRefused } from '../endings/end-refused.ts';
import type { EndRefusal } from '../endings/ending.ts';
import type { Identified } from '../identity/identity.ts';
import { displayLogin, subjectOf } from '../identity/subject.ts';
import type { Party } from '../policy/decide-act.ts';
import type { Denied } from '../policy/decision.ts';
import { claimsFor } from './account-claims.ts';

type TokenWithGrant = AuthorizationCode | DeviceCode | AccessToken | RefreshToken;

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
    if (isDeviceClick(ctx)) takeClick(ctx, subject, settings);
    const identified = await factsOf(ctx).identify();
    const { client } = ctx.oidc;
    return identified.ok && client ? accountOf(ctx, identified, client, settings) : undefined;
  }
  return accountBehind(ctx, subject, token, settings);
}

/**
 * The account behind a token that was issued earlier; see `findAccount`. One that is refused has ended (`end-refused.ts`).
 * @throws errors.TemporarilyUnavailable (503) while tailscaled can't say
 */
export async function accountBehind(
  ctx: KoaContextWithOIDC,
  subject: string,
  token: IssuedToken,
  settings: ProviderSettings,
): Promise<TailnetAccount | undefined> {
  const binding = token.binding ?? (await bindingOf(ctx, token.grantId));
  if (!binding) return undefined;
  const identified = await settings.oracle.device(binding);
  if (!identified.ok) {
    if (isOwnTrouble(identified.refusal)) throw refusalError(identified.refusal, false);
    const { code, message: reason } = identified.refusal;
    const why = code === 'expired' ? 'device-expired' : 'device-gone';
    return denied(ctx, subject, token, { reason, why }, settings);
  }
  if (identified.stale) factsOf(ctx).stale = true;
  if (subjectOf(identified.identity) !== subject) {
    const reason = 'the device now belongs to somebody else';
    return denied(ctx, subject, token, { reason, why: 'device-given-away' }, settings);
  }
  const client = await clientOf(ctx, token.clientId);
  if (!client) {
    const gone = { reason: 'the client is gone', why: 'client-gone' } as const;
    return denied(ctx, subject, token, gone, settings);
  }
  const good = await stillGood(ctx, token, { known: identified, client }, settings);
  if (!good.allowed) {
    return denied(ctx, subject, token, { ...good, why: 'not-admitted' }, settings);
  }
  const { scopes, actor } = good;
  return { ...accountOf(ctx, identified, client, settings), scopes, actor };
}

async function denied(
  ctx: KoaContextWithOIDC,
  subject: string,
  token: IssuedToken,
  { why, reason, trace, tokenAlone = false }: Refused,
  settings: ProviderSettings,
): Promise<undefined> {
  factsOf(ctx).deniedAccount = true;
  await endRefused(settings.endings, token, { why, tokenAlone });
  const denial = {
    at: settings.clock.nowSeconds(),
    subject,
    client: token.clientId,
    reason,
    detail: { at: ctx.oidc.route, ...(trace ? { trace } : {}), ...staleMark(ctx) },
  };
  settings.recordDenial(denial, factsOf(ctx));
}

type Refused = Pick<Denied, 'reason'> &
  Partial<Denied> & { readonly why: EndRefusal; readonly tokenAlone?: boolean };

/** An account whose claims come from the answer that tailscaled gave in this request. */
export interface TailnetAccount extends Account {
  readonly login: string;
  /** Who it is, and what the policy's grants give, as tailscaled said in this request. */
  readonly known: Extract<Identified, { ok: true }>;
  /** Behind a token that was issued earlier: its scopes, as far as grants still give them. */
  readonly scopes?: readonly string[];
  /** Who acts with it, newest. */
  readonly actor?: Party | undefined;
}

/** The account of somebody whom tailscaled named in this request. */
export function accountOf(
  ctx: KoaContextWithOIDC,
  known: Extract<Identified, { ok: true }>,
  client: Client,
  settings: ProviderSettings,
): TailnetAccount {
  const { identity, capMap } = known;
  const { id: clientId, claims } = appOf(client);
  return {
    accountId: subjectOf(identity),
    login: displayLogin(identity),
    known,
    claims: (use, scope) =>
      claimsFor(ctx, { identity, capMap, clientId, claims, use, scope }, settings),
  };
}
