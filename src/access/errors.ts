import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import type { Refusal } from '../identity/identity.ts';
import { oauthText } from '../protocol/oauth-text.ts';

/** Refusals that are our own trouble and pass by themselves: 503, not a denial. */
const ownTrouble: ReadonlySet<Refusal['code']> = new Set(['unavailable', 'not-logged-in', 'stale']);

export function isOwnTrouble(refusal: Refusal): boolean {
  return ownTrouble.has(refusal.code);
}

/** Seconds that a client is told to wait (RFC 9110 10.2.3) while tailscaled is away. */
export const retryAfterSeconds = 5;

/**
 * An OAuth error for a connection without an identity. Trouble of our own is a page with 503 for a person, and
 * goes to the app only when it asked not to see a page (`redirect`).
 */
export function refusalError(refusal: Refusal, redirect: boolean): errors.OIDCProviderError {
  const description = oauthText(refusal.message);
  if (!isOwnTrouble(refusal)) return new errors.AccessDenied(description);
  const error = new errors.TemporarilyUnavailable(description);
  error.status = 503;
  error.statusCode = 503;
  error.allow_redirect = redirect;
  return error;
}

/** Too much of something: 429 with Retry-After. */
export function tryLater(
  ctx: Pick<KoaContextWithOIDC, 'set'>,
  waitSeconds: number,
  what: string,
): errors.TemporarilyUnavailable {
  ctx.set('Retry-After', String(Math.ceil(waitSeconds)));
  const error = new errors.TemporarilyUnavailable(`${what}: wait before the next try`);
  error.status = 429;
  error.statusCode = 429;
  return error;
}
