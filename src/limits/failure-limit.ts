import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';

export interface FailureLimit {
  /** Seconds until the next try is allowed; 0 when it is allowed now. */
  waitSeconds(who: Attempt): number;
  /** Is a failure of the window remembered? */
  hasFailed(who: Attempt): boolean;
  record(who: Attempt): void;
  /** Undoes the latest record: it was no failure. */
  takeBack(who: Attempt): void;
  forget(clientId: string): void;
}

export interface Attempt {
  readonly clientId: string;
  /** Whose share it takes from: a StableID, or what `peerShare` makes of the caller's address. */
  readonly peer: string;
}

export interface FailureLimitOptions {
  readonly clock: Clock;
  /** Failures within the window after which tries are refused. */
  readonly failures: number;
  readonly windowSeconds: number;
  /** Pairs of peer and client remembered at once; the ones idle longest are forgotten first (T14). */
  readonly maxPairs: number;
}

/** What failed within one second, so that a pair costs no more than the window has seconds. */
interface Second {
  readonly at: number;
  readonly count: number;
}

/** Counts failures of each peer at each client in a sliding window, so that nobody locks out another peer. */
export const createFailureLimit = ({
  clock,
  failures,
  windowSeconds,
  maxPairs,
}: FailureLimitOptions): FailureLimit => {
  const seconds = new LRUCache<string, readonly Second[]>({ max: maxPairs });
  const keyOf = ({ clientId, peer }: Attempt): string => `${peer}\n${clientId}`;
  /** Oldest first. A clock that was set back makes nobody wait longer than the window (T42). */
  const recent = (who: Attempt): readonly Second[] => {
    const now = clock.nowSeconds();
    const known = (seconds.get(keyOf(who)) ?? []).filter(({ at }) => at > now - windowSeconds);
    if (known.every(({ at }) => at <= now)) return known;
    const past = known.map(({ at, count }) => ({ at: Math.min(at, now), count }));
    seconds.set(keyOf(who), past);
    return past;
  };
  return {
    waitSeconds(who) {
      let counted = 0;
      const last = recent(who).findLast(({ count }) => {
        counted += count;
        return counted >= failures;
      });
      return last === undefined ? 0 : last.at + windowSeconds - clock.nowSeconds();
    },
    hasFailed: (who) => recent(who).length > 0,
    record(who) {
      const now = clock.nowSeconds();
      const known = recent(who);
      const same = known.at(-1)?.at === now ? known.at(-1) : undefined;
      const earlier = same === undefined ? known : known.slice(0, -1);
      // more of one second, or more seconds, than the limit say nothing new
      const count = Math.min(failures, (same?.count ?? 0) + 1);
      seconds.set(keyOf(who), [...earlier, { at: now, count }].slice(-failures));
    },
    takeBack(who) {
      const known = recent(who);
      const newest = known.at(-1);
      if (newest === undefined) return;
      const left = newest.count > 1 ? [{ ...newest, count: newest.count - 1 }] : [];
      seconds.set(keyOf(who), [...known.slice(0, -1), ...left]);
    },
    forget(clientId) {
      for (const key of [...seconds.keys()].filter((known) => known.endsWith(`\n${clientId}`))) {
        seconds.delete(key);
      }
    },
  };
};
