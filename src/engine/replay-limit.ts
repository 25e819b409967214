import Provider from 'oidc-provider';
import { tryLater } from '../access/errors.ts';
import { factsOf, shareOf } from '../access/request.ts';
import { isSelfRegistered } from '../access/self-registered.ts';
import type { Clock } from '../clock.ts';
import { createRateLimit } from '../limits/rate-limit.ts';

interface ReplayModel {
  unique(issuer: string, jti: string, expiresAt: number): Promise<boolean>;
}

const windowSeconds = 60;
/** Proofs and assertions of one device or network for one client that anybody could be. */
const marksEach = 600;
/** The same for all callers together that nobody knows. */
const marksOfStrangers = 1800;

/**
 * Bounds what is remembered so that DPoP proofs (RFC 9449) and assertions (RFC 7523) work once: each is a row, for up
 * to an hour, and whoever knows the ID of a client without a secret may send a proof of any key, before anything else
 * of the request is looked at (T14). Clients of the operator are not counted: they have authenticated, and their room
 * is nobody else's.
 */
export function patchReplayDetection(
  provider: Provider,
  { settings: { clock } }: { readonly settings: { readonly clock: Clock } },
): void {
  const { ReplayDetection } = provider as unknown as { ReplayDetection: ReplayModel };
  const limit = createRateLimit({
    ...{ clock, windowSeconds, each: marksEach, together: marksOfStrangers },
  });
  const original = ReplayDetection.unique;
  ReplayDetection.unique = async function unique(this: ReplayModel, issuer, jti, expiresAt) {
    const { ctx } = Provider;
    const client = ctx?.oidc.client;
    const isAnybodys = !client || client.clientAuthMethod === 'none' || isSelfRegistered(client);
    if (ctx && isAnybodys) {
      const facts = factsOf(ctx);
      const isKnown = (await facts.identify()).ok;
      const who = { clientId: issuer, peer: await shareOf(facts) };
      const waitSeconds = limit.take(who, isKnown ? undefined : 'strangers');
      if (waitSeconds > 0) throw tryLater(ctx, waitSeconds, 'too many proofs were sent from here');
    }
    return original.call(this, issuer, jti, expiresAt);
  };
}
