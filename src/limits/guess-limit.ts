import type { Clock } from '../clock.ts';
import { createFailureLimit, type FailureLimit } from './failure-limit.ts';

export interface GuessLimitOptions {
  readonly clock: Clock;
  readonly windowSeconds: number;
  /** Wrong guesses in a window: of one peer at one client, of one peer at all clients, */
  readonly perPair: number;
  readonly perPeer: number;
  /** and of all peers at one client, and at all clients. */
  readonly perClient: number;
  readonly total: number;
  /** Default 10 000. */
  readonly maxPairs?: number;
}

/**
 * Counts wrong guesses of something secret per network, per client and in total (T40): whoever has many networks, or
 * tries one secret at many clients, gains little. The totals hold back only those who guessed wrong themselves in this
 * window: nobody locks out another peer.
 */
export function createGuessLimit(options: GuessLimitOptions): FailureLimit {
  const { clock, windowSeconds, perPair, perPeer, perClient, total, maxPairs = 10_000 } = options;
  const limit = (failures: number) =>
    createFailureLimit({ clock, failures, windowSeconds, maxPairs });
  const [pairs, peers, clients, all] = [
    limit(perPair),
    limit(perPeer),
    limit(perClient),
    limit(total),
  ];
  const everywhere = (peer: string) => ({ peer, clientId: '' });
  const everybody = { peer: '', clientId: '' };
  return {
    waitSeconds(who) {
      const ofPeer = everywhere(who.peer);
      return Math.max(
        pairs.waitSeconds(who),
        peers.waitSeconds(ofPeer),
        pairs.hasFailed(who) ? clients.waitSeconds({ ...who, peer: '' }) : 0,
        peers.hasFailed(ofPeer) ? all.waitSeconds(everybody) : 0,
      );
    },
    hasFailed: (who) => pairs.hasFailed(who),
    record(who) {
      pairs.record(who);
      peers.record(everywhere(who.peer));
      clients.record({ ...who, peer: '' });
      all.record(everybody);
    },
    takeBack(who) {
      pairs.takeBack(who);
      peers.takeBack(everywhere(who.peer));
      clients.takeBack({ ...who, peer: '' });
      all.takeBack(everybody);
    },
    forget(clientId) {
      pairs.forget(clientId);
      clients.forget(clientId);
    },
  };
}
