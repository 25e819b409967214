import type { Clock } from '../clock.ts';
import { createRateLimit } from './rate-limit.ts';

/** A login whose refresh token is presented. */
export interface Family {
  /** ID of its oidc-provider Grant. */
  readonly grantId: string;
  readonly clientId: string;
  /** Whose login it is. */
  readonly subject: string;
}

/** A client that gets a token for itself, or exchanges one. */
export interface Taker {
  readonly clientId: string;
  /** `shareOf` the request. */
  readonly peer: string;
  /** Whose token it exchanges; undefined: it asks for its own. */
  readonly subject: string | undefined;
}

/** What may be issued at the token endpoint without a new login (T39). Both return seconds to wait, or 0. */
export interface TokenLimit {
  takeRefresh(family: Family): number;
  takeToken(taker: Taker): number;
}

const windowSeconds = 60;
/** What all logins of a person at one client may, as a multiple of one: no client takes from another's. */
const perPerson = 2;
/** What a client may at one device for all people together, as a multiple of one of them. */
const perClient = 10;

/** @param tokens of each in a minute: an app refreshes in bursts of some dozens, and an agent exchanges at each call */
export function createTokenLimit(clock: Clock, tokens: number): TokenLimit {
  const limit = (together: number) =>
    createRateLimit({ clock, windowSeconds, each: tokens, together });
  const [refreshes, others] = [limit(tokens * perPerson), limit(tokens * perClient)];
  return {
    takeRefresh: ({ grantId, clientId, subject }) =>
      refreshes.take({ clientId, peer: grantId }, `${subject}\n${clientId}`),
    takeToken: ({ clientId, peer, subject = '' }) =>
      others.take({ clientId, peer: `${peer}\n${subject}` }, `${peer}\n${clientId}`),
  };
}
