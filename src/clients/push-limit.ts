import type { KoaContextWithOIDC } from 'oidc-provider';
import { tryLater } from '../access/errors.ts';
import { factsOf, shareOf } from '../access/request.ts';
import { isSelfRegistered } from '../access/self-registered.ts';
import type { Clock } from '../clock.ts';
import { createRateLimit } from '../limits/rate-limit.ts';

const windowSeconds = 60;
/** Requests that one device or network may push in a window on behalf of a client that anybody could be. */
const pushesEach = 60;
/** The same for all callers together that nobody knows: their addresses cost them nothing. */
const pushesOfStrangers = 300;

/**
 * Bounds what pushed authorization requests (RFC 9126) leave in the store: each is kept for a minute, and whoever
 * knows the ID of a client without a secret may push, or may register one with a secret, from the public internet
 * too (T14).
 * @throws errors.TemporarilyUnavailable 429 with Retry-After
 */
export function createPushLimit(clock: Clock): (ctx: KoaContextWithOIDC) => Promise<void> {
  const limit = createRateLimit({
    clock,
    windowSeconds,
    each: pushesEach,
    together: pushesOfStrangers,
  });
  return async (ctx) => {
    const { client, route } = ctx.oidc;
    if (route !== 'pushed_authorization_request' || !client) return;
    const isPublic = client.clientAuthMethod === 'none';
    if (!isPublic && !isSelfRegistered(client)) return;
    const facts = factsOf(ctx);
    const isKnown = (await facts.identify()).ok;
    const who = { clientId: client.clientId, peer: await shareOf(facts) };
    // apart: who has no secret to show takes nothing from those that have
    const strangers = isPublic ? 'without a secret' : 'with a secret';
    const wait = limit.take(who, isKnown ? undefined : strangers);
    if (wait > 0) throw tryLater(ctx, wait, 'too many requests were pushed from here');
  };
}
