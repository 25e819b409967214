import { createHash } from 'node:crypto';
import { Refused } from './refused.ts';

/** About 15 MB at most. */
const maxSeen = 50_000;

/**
 * Remembers what was seen until it is too old to be taken anyway. When it can remember no more it refuses the new
 * one: to forget another would let that one be replayed.
 * @param clock epoch seconds
 */
export function replayGuard(clock: () => number): (id: string, untilSeconds: number) => boolean {
  const seen = new Map<string, number>();
  return (id, untilSeconds) => {
    const now = clock();
    // every entry lives equally long, so the oldest stand first
    for (const [key, until] of seen) {
      if (until > now) break;
      seen.delete(key);
    }
    const key = createHash('sha256').update(id).digest('base64url');
    if (seen.has(key)) return false;
    if (seen.size >= maxSeen) {
      throw new Refused(
        'issuer_unavailable',
        'Too many requests with DPoP proofs at the moment. Try again.',
      );
    }
    seen.set(key, untilSeconds);
    return true;
  };
}
