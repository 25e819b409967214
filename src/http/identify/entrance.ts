import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { RequestFacts } from '../../access/request.ts';
import type { Identified } from '../../identity/identity.ts';

/** One listener's way to know who asks, and what for: the only place where they differ. */
export interface Entrance {
  /** Whose routes of the exposure table this request may reach. */
  exposure(request: IncomingMessage): ListenerKind;
  /** The host that the request is for; undefined when it names none, or more than one. */
  takeHost(request: IncomingMessage): string | undefined;
  /** Is it one of the names that lead here? */
  isOwnHost(host: string): boolean;
  /** What is known of the request's sender. */
  facts(request: IncomingMessage, kind: RouteKind): RequestFacts | Promise<RequestFacts>;
  /**
   * Whose share of the limits a request takes from, as far as it shows before anybody is asked (`Oracle.share`).
   * @returns undefined for nobody's, or while it does not show
   */
  share(request: IncomingMessage): string | undefined;
  /** Origin of every URL in an answer: never the request's (T29). */
  readonly origin: URL;
}

/** Facts of a request whose sender is asked for at the first use, and once. */
export function requestFacts(peer: string, ask: () => Promise<Identified>): RequestFacts {
  let answer: Promise<Identified> | undefined;
  return {
    requestId: randomUUID(),
    peer,
    identify: () => {
      answer ??= ask();
      return answer;
    },
  };
}

/**
 * Listeners, each with one way to know the peer (`identify/`) and the routes that it exposes (below). `funnel` is
 * what `serve` shows to the public internet.
 */
export type ListenerKind =
  | 'tailnet'
  | 'serve'
  | 'funnel'
  | 'userspace'
  | 'backchannel'
  | 'admin'
  | 'demo';

/** `page`: a person's browser comes here, and errors are pages. `api`: a program, and errors are JSON. */
export type RouteKind = 'page' | 'api' | 'metadata' | 'health';
