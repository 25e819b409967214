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
import type { Identified } from '../identity/identity.ts';
import type { DeviceBinding } from '../identity/oracle.ts';
import { displayLogin, subjectOf } from '../identity/subject.ts';
import { type Decision, type Denied, denied as refused } from '../policy/decision.ts';
import { rulesOf } from '../policy/grant.ts';
import { machineResources } from '../policy/machine-resources.ts';
import { canonicalResource } from '../policy/resource.ts';
import { claimsFor } from './account-claims.ts';
import { allowedPeer } from './clickless.ts';
import { isDeviceClick, takeClick } from './device-click.ts';
import { appOf, enter } from './enter.ts';
import { isOwnTrouble, refusalError } from './errors.ts';
import { actorsOf, bindingOf } from './grants.ts';
import { mayStillAct } from './may-still-act.ts';
import { isPeer, machineClientId, peerOf, tokenExchangeGrant } from './peer-client.ts';
import { factsOf, staleMark } from './request.ts';
import type { ProviderSettings } from './settings.ts';
import { type ResourceToken, stillGranted } from './still-granted.ts';

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

/** What a token remembers of the login that it came from. */
interface IssuedToken extends ResourceToken {
  readonly clientId?: string | undefined;
  readonly gty?: string | undefined;
  /** The device behind it, and those of who acts, where the caller has read its Grant already. */
  readonly binding?: DeviceBinding | undefined;
  readonly actors?: readonly DeviceBinding[] | undefined;
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
): Promise<TailnetAccount | undefined> {
  const binding = token.binding ?? (await bindingOf(ctx, token.grantId));
  if (!binding) return undefined;
  const identified = await settings.oracle.device(binding);
  if (!identified.ok) {
    if (isOwnTrouble(identified.refusal)) throw refusalError(identified.refusal, false);
    return denied(ctx, subject, token, { reason: identified.refusal.message }, settings);
  }
  if (identified.stale) factsOf(ctx).stale = true;
  if (subjectOf(identified.identity) !== subject) {
    const reason = 'the device now belongs to somebody else';
    return denied(ctx, subject, token, { reason }, settings);
  }
  const client = await clientOf(ctx, token);
  if (!client) return undefined;
  const decision = await mayStill(ctx, token, { known: identified, client }, settings);
  if (!decision.allowed) return denied(ctx, subject, token, decision, settings);
  const granted = stillGranted(token, { known: identified, client }, settings);
  if (!granted.allowed) return denied(ctx, subject, token, granted, settings);
  return { ...accountOf(ctx, identified, client, settings), scopes: granted.scopes };
}

interface Holder {
  readonly known: Extract<Identified, { ok: true }>;
  readonly client: Client;
}

/**
 * A login may go on while its person may enter the app, a machine's own token while the machine is that client, an
 * exchanged one while all who act are there and may act.
 */
async function mayStill(
  ctx: KoaContextWithOIDC,
  token: IssuedToken,
  { known, client }: Holder,
  settings: ProviderSettings,
): Promise<Decision> {
  if (token.gty === tokenExchangeGrant) {
    const actors = token.actors ?? (await actorsOf(ctx, token.grantId));
    return mayStillAct({ subject: known, actors, resources: token.aud }, settings);
  }
  if (token.gty !== 'client_credentials') return enter(appOf(client), known, settings);
  const { identity } = known;
  const peer = peerOf(client);
  if (!peer || identity.kind !== 'machine' || !isPeer(peer, identity)) {
    return refused([{ reason: 'this machine is no longer the client' }], []);
  }
  const named = machineResources({ identity, rules: rulesOf(known.capMap) });
  const audience = [token.aud ?? []].flat();
  // nobody registered it: it has what its grants name
  if (
    client.clientId === machineClientId(identity) &&
    !audience.every((uri) => named.includes(canonicalResource(uri)))
  ) {
    return refused([{ reason: 'no grant names the resource of this token any more' }], []);
  }
  return { allowed: true, trace: [] };
}

/** Mostly the request's own client, which is loaded already. */
async function clientOf(
  { oidc }: KoaContextWithOIDC,
  { clientId }: IssuedToken,
): Promise<Client | undefined> {
  if (oidc.client && oidc.client.clientId === clientId) return oidc.client;
  return oidc.provider.Client.find(clientId ?? '');
}

function denied(
  ctx: KoaContextWithOIDC,
  subject: string,
  token: IssuedToken,
  { reason, trace }: Pick<Denied, 'reason'> & Partial<Denied>,
  settings: ProviderSettings,
): undefined {
  settings.audit.append({
    at: settings.clock.nowSeconds(),
    event: 'denial',
    subject,
    client: token.clientId,
    reason,
    detail: { at: ctx.oidc.route, ...(trace ? { trace } : {}), ...staleMark(ctx) },
  });
}

/** An account whose claims come from the answer that tailscaled gave in this request. */
export interface TailnetAccount extends Account {
  readonly login: string;
  /** Who it is, and what the policy's grants give, as tailscaled said in this request. */
  readonly known: Extract<Identified, { ok: true }>;
  /** Behind a token that was issued earlier: its scopes, as far as grants still give them. */
  readonly scopes?: readonly string[];
}

/** The account of somebody whom tailscaled named in this request. */
export function accountOf(
  ctx: KoaContextWithOIDC,
  known: Extract<Identified, { ok: true }>,
  client: Client,
  settings: ProviderSettings,
): TailnetAccount {
  const { identity, capMap } = known;
  const { claims } = appOf(client);
  return {
    accountId: subjectOf(identity),
    login: displayLogin(identity),
    known,
    claims: (use, scope) => claimsFor(ctx, { identity, capMap, claims, use, scope }, settings),
  };
}
