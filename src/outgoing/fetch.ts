import { networkInterfaces } from 'node:os';
import { isAllowedHost } from '../protocol/allowed-host.ts';
import type { Interface } from './address-class.ts';
import { findDestination } from './destination.ts';
import { type Answer, exchange, timedOut } from './exchange.ts';
import { OutgoingError } from './outgoing-error.ts';
import { type Resolve, resolve } from './resolve.ts';
import { type Asker, createPlaces } from './slots.ts';

export interface OutgoingOptions {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Ends it earlier. */
  readonly signal?: AbortSignal;
  /** The operator registered this very URL, so it may be anywhere. */
  readonly trusted?: boolean;
  /** On whose behalf; undefined: the daemon's own. */
  readonly asker?: Asker | undefined;
  /** Refuse a 200 whose `Content-Type` is not JSON. */
  readonly json?: boolean;
}

/**
 * Asks another server, on behalf of strangers or of the operator.
 * @throws OutgoingError
 */
export type OutgoingFetch = (url: string, options?: OutgoingOptions) => Promise<Answer>;

export interface OutgoingParts {
  /** Hosts that may be at any address (`DestinationRules`). */
  readonly allowedHosts: readonly string[];
  readonly resolve?: Resolve;
  readonly interfaces?: () => readonly Interface[];
  /** Certificates to trust instead of the platform's. */
  readonly ca?: string;
  /** For the whole request, names included. Default 5000. */
  readonly timeoutMs?: number;
  /** Requests at once, to URLs that operators registered, to hosts that they named and to others each. Default 8, 2 to one host and 2 of one asker; four times as many may wait. */
  readonly concurrency?: number;
}

/** No document of a client is longer, nor any key set. */
const limitBytes = 65_536;

/**
 * The one way out of the daemon for all URLs that come from others: metadata documents, key sets, sector
 * identifiers, back-channel logout (T18). https only, public addresses only, the checked address pinned to the connection,
 * no redirects, 5 s and 64 KiB, a bounded number at once, fewer to one host. See `DestinationRules.allowedHosts` for what an operator may open.
 */
export function createOutgoingFetch(parts: OutgoingParts): OutgoingFetch {
  const { timeoutMs = 5000, concurrency = 8 } = parts;
  // apart, so that nobody's own host keeps those waiting that operators named
  const [trustedUrls, namedHosts, others] = [
    createPlaces(concurrency),
    createPlaces(concurrency),
    createPlaces(concurrency),
  ];
  const rules = {
    allowedHosts: parts.allowedHosts,
    resolve: parts.resolve ?? resolve,
    interfaces: parts.interfaces ?? ownInterfaces,
  };
  return async (url, options = {}) => {
    const { trusted = false, json = false, method = 'GET', headers = {}, body } = options;
    const own = AbortSignal.timeout(timeoutMs);
    const signal = options.signal ? AbortSignal.any([own, options.signal]) : own;
    const parsed = URL.parse(url);
    const isNamed = parsed !== null && isAllowedHost(parsed, rules.allowedHosts);
    const places = trusted ? trustedUrls : isNamed ? namedHosts : others;
    const request = { host: parsed?.hostname ?? '', asker: options.asker };
    const answer = await inTime(signal, () =>
      places(request, signal, async () => {
        const destination = await inTime(signal, () =>
          findDestination(url, rules, { trusted, signal }),
        );
        const question = { method, headers, body, signal, limitBytes, ca: parts.ca };
        return exchange(destination, question);
      }),
    );
    if (json && answer.status === 200) requireJson(answer);
    return answer;
  };
}

/** Whatever else hangs (a resolver of the system): the caller gets its answer when the time is over. */
async function inTime<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const giveUp = () => reject(signal.reason);
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    signal.throwIfAborted();
    return await Promise.race([work(), promise]);
  } catch (error) {
    if (error instanceof OutgoingError) throw error;
    throw signal.aborted ? timedOut(error) : error;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

function requireJson({ headers }: Answer): void {
  const type = headers['content-type'] ?? '';
  if (/^application\/(?:[a-z0-9.-]+\+)?json[\t ]*(?:;|$)/i.test(type)) return;
  throw new OutgoingError('type', 'answered with a Content-Type that is not application/json');
}

const ownInterfaces = (): Interface[] =>
  Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
