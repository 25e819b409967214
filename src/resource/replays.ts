import { createHash } from 'node:crypto';
import { Refused } from './refused.ts';

/** About 12 MB at most. */
const maxSeen = 100_000;

/** Whose proof it is: room is shared out by key, and by whom the tokens are for. */
export interface ProofOwner {
  /** Thumbprint. */
  readonly key: string;
  readonly subject: string;
}

interface Seen {
  readonly untilSeconds: number;
  readonly owners: readonly string[];
}

/**
 * Remembers what was seen until it is too old to be taken anyway. Where it can remember no more it refuses the new
 * one: to forget another would let that one be replayed. Nobody takes the room of others (T38): a subject may fill as
 * much as is left free beside it (so half, if it is alone), and a key half of what is left free beside it. Thus there
 * is always room for whoever sent few.
 * @param clock epoch seconds
 */
export function replayGuard(
  clock: () => number,
): (owner: ProofOwner, jti: string, untilSeconds: number) => boolean {
  const seen = new Map<string, Seen>();
  const counts = new Map<string, number>();
  const countOf = (owner: string): number => counts.get(owner) ?? 0;
  const forget = (id: string, { owners }: Seen): void => {
    seen.delete(id);
    for (const owner of owners) {
      const left = countOf(owner) - 1;
      if (left > 0) counts.set(owner, left);
      else counts.delete(owner);
    }
  };
  return ({ key, subject }, jti, untilSeconds) => {
    const now = clock();
    // every entry lives equally long, so the oldest stand first
    for (const [id, one] of seen) {
      if (one.untilSeconds > now) break;
      forget(id, one);
    }
    const id = createHash('sha256').update(`${key} ${jti}`).digest('base64url').slice(0, 24);
    if (seen.has(id)) return false;
    const owners = [`key ${key}`, `subject ${subject}`] as const;
    const free = maxSeen - seen.size;
    if (countOf(owners[0]) >= free / 2 || countOf(owners[1]) >= free) {
      throw new Refused(
        'issuer_unavailable',
        'Too many requests with DPoP proofs of this key or subject at the moment. Try again.',
      );
    }
    seen.set(id, { untilSeconds, owners });
    for (const owner of owners) counts.set(owner, countOf(owner) + 1);
    return true;
  };
}
