import type { Context } from 'koa';
import { errors } from 'oidc-provider';
import { isOwnTrouble, refusalError } from '../../access/errors.ts';
import { factsOf, staleMark } from '../../access/request.ts';
import type { ProviderSettings } from '../../access/settings.ts';
import type { Clock } from '../../clock.ts';
import type { RegistrationConfig } from '../../config/registration-schema.ts';
import type { Identified, Identity } from '../../identity/identity.ts';
import { displayLogin, subjectOf } from '../../identity/subject.ts';
import { createRateLimit } from '../../limits/rate-limit.ts';
import { peerShare } from '../../peer/peer-share.ts';
import { decideRegister, type RegistrationMode } from '../../policy/decide-register.ts';
import type { Decision, Denied } from '../../policy/decision.ts';
import { rulesOf } from '../../policy/grant.ts';
import type { TraceLine } from '../../policy/trace.ts';
import { oauthText } from '../../protocol/oauth-text.ts';

/** Who registers a client, and why they may. */
export interface Registrant {
  /** Whose quota it counts for. */
  readonly peer: string;
  readonly identity: Identity | undefined;
  /** Canonical. */
  readonly address: string;
  readonly listener: string;
  /** Of the web page that asks, where one does. */
  readonly origin: string | undefined;
  readonly trace: readonly TraceLine[];
}

/**
 * Lets in whoever may register clients, by mode and grant, a limited number of times a minute.
 * @param listener through which the request came
 * @throws errors.OIDCProviderError 403 (recorded), 429 with Retry-After, 503 while nobody can be asked
 */
export type Admit = (ctx: Context, listener: string) => Promise<Registrant>;

export function createAdmission(settings: ProviderSettings): Admit {
  const takeRoom = createRate(settings.registration, settings.clock, 'registered');
  return async (ctx, listener) => {
    const registrant = { ...(await decide(ctx, settings)), listener, origin: originOf(ctx) };
    takeRoom(ctx, { peer: registrant.peer, isStranger: registrant.identity === undefined });
    return registrant;
  };
}

/** 429, as a value of RFC 6749 5.2's `error` that clients know. */
export function tooMany(description: string): errors.OIDCProviderError {
  const error = new errors.TemporarilyUnavailable(oauthText(description));
  return Object.assign(error, { status: 429, statusCode: 429, expose: true });
}

type Decided = Omit<Registrant, 'listener' | 'origin'>;

async function decide(ctx: Context, settings: ProviderSettings): Promise<Decided> {
  const { mode } = settings.registration;
  const facts = factsOf(ctx);
  const { peer: address } = facts;
  const identified = await facts.identify();
  if (!identified.ok) {
    const { refusal } = identified;
    // nobody's right is decided on a guess; where everybody has it, there is nothing to guess
    if (mode !== 'public' && isOwnTrouble(refusal)) throw refusalError(refusal, false);
    const decision = mayRegister(identified, mode);
    if (!decision.allowed) throw denied(ctx, settings, decision, undefined);
    return { peer: peerShare(address), identity: undefined, address, trace: decision.trace };
  }
  if (identified.stale) facts.stale = true;
  const { identity } = identified;
  const decision = mayRegister(identified, mode);
  if (!decision.allowed) throw denied(ctx, settings, decision, identity);
  return { peer: subjectOf(identity), identity, address, trace: decision.trace };
}

/** May whoever this is register clients? Where they may not because they are nobody here, the reason says why. */
export function mayRegister(identified: Identified, mode: RegistrationMode): Decision {
  if (identified.ok) {
    const { identity, capMap } = identified;
    return decideRegister({ identity, rules: rulesOf(capMap), mode });
  }
  const decision = decideRegister({ identity: undefined, rules: rulesOf(undefined), mode });
  return decision.allowed ? decision : { ...decision, reason: identified.refusal.message };
}

function denied(
  ctx: Context,
  { recordDenial, clock }: ProviderSettings,
  { reason, trace }: Denied,
  identity: Identity | undefined,
): errors.OIDCProviderError {
  const facts = factsOf(ctx);
  const { listener, peer } = facts;
  const denial = {
    at: clock.nowSeconds(),
    ...(identity ? whoIs(identity) : {}),
    reason,
    listener,
    detail: { at: 'register', peer, trace, ...staleMark(ctx) },
  };
  recordDenial(denial, facts);
  // not `errors.AccessDenied`, which is recorded where it is answered, without the person
  const error = new errors.CustomOIDCProviderError('access_denied', oauthText(reason));
  return Object.assign(error, { status: 403, statusCode: 403 });
}

/** As audit records and registrations name them. */
export function whoIs(identity: Identity): { subject: string; login: string; device: string } {
  return {
    subject: subjectOf(identity),
    login: displayLogin(identity),
    device: identity.node.stableId,
  };
}

const maxOriginLength = 256;

/** What a browser says of the page that asks; programs don't say it. */
function originOf(ctx: Context): string | undefined {
  const { origin } = ctx.req.headers;
  return origin?.slice(0, maxOriginLength);
}

/**
 * Takes one of the registrations, or changes, that a peer has in a minute. Strangers have any number of addresses, so
 * all of them together count as one, too.
 * @throws errors.OIDCProviderError 429 with Retry-After
 */
export type TakeRoom = (
  ctx: Pick<Context, 'set'>,
  registrant: { readonly peer: string; readonly isStranger: boolean },
) => void;

/** @param done to clients, for the error */
export function createRate(
  { perMinute }: RegistrationConfig,
  clock: Clock,
  done: 'registered' | 'changed',
): TakeRoom {
  const limit = (each: number) =>
    createRateLimit({ clock, windowSeconds: 60, each, together: perMinute });
  const known = limit(perMinute);
  // no one network takes all that strangers have
  const strangers = limit(Math.ceil(perMinute / 2));
  return (ctx, { peer, isStranger }) => {
    const who = { clientId: '', peer };
    const waitSeconds = isStranger ? strangers.take(who, 'strangers') : known.take(who);
    if (waitSeconds === 0) return;
    ctx.set('Retry-After', String(waitSeconds));
    throw tooMany(`too many clients ${done} in a minute: try again in ${waitSeconds} s`);
  };
}
