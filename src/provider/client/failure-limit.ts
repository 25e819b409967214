import { LRUCache } from 'lru-cache';
import type { Clock } from '../../clock.ts';

export interface FailureLimit {
  /** Seconds until the next try is allowed; 0 when it is allowed now. */
  waitSeconds(who: Attempt): number;
  record(who: Attempt): void;
  /** Undoes the latest record: it was no failure. */
  takeBack(who: Attempt): void;
  forget(clientId: string): void;
}

export interface Attempt {
  readonly clientId: string;
  /** Address of the caller. */
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

/** Counts failures of each peer at each client in a sliding window, so that nobody locks out another peer. */
export const createFailureLimit = ({
  clock,
  failures,
  windowSeconds,
  maxPairs,
}: FailureLimitOptions): FailureLimit => {
  const times = new LRUCache<string, number[]>({ max: maxPairs });
  const keyOf = ({ clientId, peer }: Attempt): string => `${peer}\n${clientId}`;
  const recent = (who: Attempt): number[] => {
    const start = clock.nowSeconds() - windowSeconds;
    return (times.get(keyOf(who)) ?? []).filter((at) => at > start);
  };
  return {
    waitSeconds(who) {
      const earlier = recent(who);
      const oldest = earlier.at(-failures);
      return oldest === undefined ? 0 : oldest + windowSeconds - clock.nowSeconds();
    },
    record(who) {
      times.set(keyOf(who), [...recent(who), clock.nowSeconds()].slice(-failures));
    },
    takeBack(who) {
      times.set(keyOf(who), recent(who).slice(0, -1));
    },
    forget(clientId) {
      for (const key of [...times.keys()].filter((known) => known.endsWith(`\n${clientId}`))) {
        times.delete(key);
      }
    },
  };
};
