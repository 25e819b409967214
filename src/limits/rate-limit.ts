import type { Clock } from '../clock.ts';
import { type Attempt, createFailureLimit } from './failure-limit.ts';

/** Limits what each may do in a window, and what those of a group may do together. In memory and bounded (T14). */
export interface RateLimit {
  /**
   * Takes one, from both or from none; seconds to wait instead when there were too many. Counted at once, so that
   * parallel tries gain nothing.
   * @param group who shares with whom; undefined: with nobody
   */
  take(who: Attempt, group?: string): number;
  /** Undoes the latest `take` of both. */
  giveBack(who: Attempt, group?: string): void;
}

export interface RateLimitOptions {
  readonly clock: Clock;
  readonly windowSeconds: number;
  /** How often each may in a window. */
  readonly each: number;
  /** How often all of a group may. */
  readonly together: number;
}

/** Those counted at once; the ones idle longest are forgotten first. */
const maxPairs = 10_000;

export function createRateLimit(options: RateLimitOptions): RateLimit {
  const { clock, windowSeconds, each, together } = options;
  const limit = (failures: number) =>
    createFailureLimit({ clock, failures, windowSeconds, maxPairs });
  const [own, shared] = [limit(each), limit(together)];
  const countersOf = (who: Attempt, group: string | undefined) => [
    { counter: own, who },
    ...(group === undefined ? [] : [{ counter: shared, who: { clientId: group, peer: '' } }]),
  ];
  return {
    take(attempt, group) {
      const counters = countersOf(attempt, group);
      const waitSeconds = Math.max(...counters.map(({ counter, who }) => counter.waitSeconds(who)));
      if (waitSeconds > 0) return waitSeconds;
      for (const { counter, who } of counters) counter.record(who);
      return 0;
    },
    giveBack(attempt, group) {
      for (const { counter, who } of countersOf(attempt, group)) counter.takeBack(who);
    },
  };
}
