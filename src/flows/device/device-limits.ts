import { LRUCache } from 'lru-cache';
import type { DeviceLimits } from '../../access/settings.ts';
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
