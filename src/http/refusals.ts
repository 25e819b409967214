import type { Context } from 'koa';
import { tryLater } from '../access/errors.ts';
import { factsOf, knownFacts } from '../access/request.ts';
import type { Clock } from '../clock.ts';
import { createFailureLimit } from '../limits/failure-limit.ts';
import { peerShare } from '../peer/peer-share.ts';

const windowSeconds = 60;
/** Far above any app that goes wrong, and a few hundredths of what the daemon answers in that time. */
const refusalsEach = 6000;

/**
 * The rate at every door of a listener (T37): whoever was refused so often within a minute, wherever, is refused before
 * anything is looked up or read. What succeeds counts nowhere here: an app may be as busy as it likes.
 */
export interface RefusalLimit {
  /** @throws errors.TemporarilyUnavailable 429 with Retry-After */
  enter(ctx: Context): void;
  /** Counts the answer if it is a refusal. */
  leave(ctx: Context): void;
}

export function createRefusalLimit(clock: Clock): RefusalLimit {
  const limit = createFailureLimit({
    clock,
    failures: refusalsEach,
    windowSeconds,
    maxPairs: 10_000,
  });
  // by address alone: who it is would have to be asked
  const sender = (peer: string) => ({ clientId: '', peer: peerShare(peer) });
  return {
    enter(ctx) {
      const { peer, admin } = factsOf(ctx);
      const waitSeconds = admin ? 0 : limit.waitSeconds(sender(peer));
      if (waitSeconds > 0) throw tryLater(ctx, waitSeconds, 'too many requests were refused');
    },
    leave(ctx) {
      const facts = knownFacts(ctx);
      const { status } = ctx;
      if (!facts || facts.admin || status < 400 || status === 429 || status >= 500) return;
      limit.record(sender(facts.peer));
    },
  };
}
