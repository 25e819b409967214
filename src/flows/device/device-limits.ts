import { LRUCache } from 'lru-cache';
import { ageSeconds, type Clock } from '../../clock.ts';
import { createGuessLimit } from '../../limits/guess-limit.ts';
import { createRateLimit } from '../../limits/rate-limit.ts';

/** The window of every limit here, as long as a device code lives by default. */
const windowSeconds = 600;

/** Wrong user codes of one person, and of everybody together, in a window (RFC 8628 5.1, T40). */
const guessesEach = 10;
const guessesOfAll = 100;

/** Device codes that one device or network may ask for in a window on behalf of a client without a secret. */
const requestsEach = 60;
/** The same for all callers together that nobody knows: their addresses cost them nothing. */
const requestsOfStrangers = 600;

/** RFC 8628 3.5: after `slow_down` the interval is this much longer. */
const slowerSeconds = 5;

const maxPolls = 10_000;

/**
 * What keeps the device flow from being tried out or filled up. In memory and bounded: a restart forgets it, and
 * nothing that is issued rests on it.
 */
export interface DeviceLimits {
  /** Takes one try to enter a user code; seconds to wait instead when there were too many wrong ones. */
  takeGuess(subject: string): number;
  /** The code was right: the try does not count. */
  returnGuess(subject: string): void;
  /** Counts a device code for a client without a secret; seconds to wait instead when there were too many. */
  takeRequest(clientId: string, share: string, known: boolean): number;
  /** Notes that a waiting device code was asked for again; true when that was too soon (RFC 8628 3.5). */
  polledTooSoon(deviceCode: string): boolean;
}

interface Poll {
  readonly at: number;
  readonly intervalSeconds: number;
}

/** @param pollSeconds how long a device waits between two polls */
export function createDeviceLimits(clock: Clock, pollSeconds: number): DeviceLimits {
  const guesses = createGuessLimit({
    ...{ clock, windowSeconds, perPair: guessesEach, perPeer: guessesEach },
    ...{ perClient: guessesOfAll, total: guessesOfAll },
  });
  const requests = createRateLimit({
    ...{ clock, windowSeconds, each: requestsEach, together: requestsOfStrangers },
  });
  const polls = new LRUCache<string, Poll>({ max: maxPolls });
  const guesser = (subject: string) => ({ clientId: '', peer: subject });
  return {
    takeGuess(subject) {
      const waitSeconds = guesses.waitSeconds(guesser(subject));
      // counted at once, so that parallel tries gain nothing
      if (waitSeconds === 0) guesses.record(guesser(subject));
      return waitSeconds;
    },
    returnGuess: (subject) => guesses.takeBack(guesser(subject)),
    takeRequest: (clientId, share, known) =>
      requests.take({ clientId, peer: share }, known ? undefined : clientId),
    polledTooSoon(deviceCode) {
      const now = clock.nowSeconds();
      const last = polls.get(deviceCode);
      // a second less is forgiven: not every request is under way equally long
      const tooSoon = last && ageSeconds(now, last.at) < Math.max(1, last.intervalSeconds - 1);
      const intervalSeconds =
        (last?.intervalSeconds ?? pollSeconds) + (tooSoon ? slowerSeconds : 0);
      polls.set(deviceCode, { at: now, intervalSeconds });
      return tooSoon ?? false;
    },
  };
}
