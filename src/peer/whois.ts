import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import { isLoopback } from '../protocol/address.ts';
import { formatAddressPort } from './address.ts';
import {
  type LocalApi,
  type LocalApiAnswer,
  LocalApiError,
  unexpectedStatus,
} from './local-api.ts';
import { createTurns } from './turns.ts';
import { parseWhois } from './whois-answer.ts';

/** One node of the tailnet as `whois` describes it. Numeric IDs are decimal strings: they may exceed 2^53. */
export interface WhoisNode {
  /** Stable for the life of the node; the key for everything we remember about a device. */
  readonly stableId: string;
  /** `Node.ID`, decimal. */
  readonly nodeId: string;
  /** DNS name with its trailing dot, e.g. `alice.tailnet.test.` */
  readonly name: string;
  /** `Node.User`, decimal. All tagged nodes of a tailnet share one: never a subject. */
  readonly userId: string;
  /** `nodekey:<hex>` */
  readonly key: string;
  /** Prefixes, e.g. `100.64.0.3/32`. */
  readonly addresses: readonly string[];
  /** Empty for a person's device. */
  readonly tags: readonly string[];
  readonly expired: boolean;
  /** Its key expires some day; the owner has to log in to Tailscale again then. */
  readonly keyExpires: boolean;
  /** A device of another tailnet that this node is shared to (`Hostinfo.ShareeNode`). */
  readonly sharee: boolean;
  readonly os: string | undefined;
}

export interface WhoisProfile {
  /** `UserProfile.ID`, decimal. */
  readonly id: string;
  /** May lack `@` (Headscale), may be `tagged-devices`. */
  readonly loginName: string;
  /** May be absent, may be non-ASCII. */
  readonly displayName: string | undefined;
  readonly profilePicUrl: string | undefined;
  /** Of the tailnet, as far as our node is told of them (`readGroups`); undefined says nothing. */
  readonly groups?: readonly string[];
}

/** Application capabilities of the grants that reach us from this peer: name → raw JSON values. */
export type CapMap = Readonly<Record<string, readonly unknown[]>>;

export type WhoisAnswer =
  | {
      readonly kind: 'found';
      readonly node: WhoisNode;
      readonly profile: WhoisProfile;
      readonly capMap: CapMap;
    }
  /** 404: nobody we know. tailscaled gives the same answer while it is not logged in. */
  | { readonly kind: 'unknown' };

export interface Whois {
  /**
   * Who is at `ip`?  An answer is at most `cacheSeconds` old, one that nobody is there `missSeconds`; identical
   * questions under way are one.
   * @param ip a canonical IP address (`parseAddress`)
   * @param port of a connection that stands; 0 for none. It counts at a loopback address alone, and only where
   * tailscaled runs without TUN: where it has one, no peer comes from there, and the caller must not ask
   * @throws LocalApiError when tailscaled can't answer; never a guess
   */
  lookup(ip: string, port: number, options?: LookupOptions): Promise<WhoisAnswer>;
  /** Forget everything (the bus said that something changed). */
  clear(): void;
}

export interface LookupOptions {
  /** Ask now, whatever is remembered or under way. */
  readonly fresh?: boolean;
  /** False once nobody waits for the answer: a question not asked yet is then none, and the answer `unknown`. */
  readonly isWanted?: () => boolean;
}

export interface WhoisOptions {
  readonly api: Pick<LocalApi, 'get'>;
  /** Decides whether a node's key has expired. */
  readonly clock: Clock;
  /**
   * How old an answer may be, counted from the question; default 1, and 0 remembers nothing. The bus says nothing of
   * a changed grant, so more than about a second is unsafe.
   */
  readonly cacheSeconds?: number;
  /**
   * Asked after a miss: does tailscaled run? One that is logged out or just started knows nobody and says so with the
   * same words, so a miss counts only when asking again brings another one. Without it the first miss counts.
   * @throws LocalApiError
   */
  readonly isRunning?: () => Promise<boolean>;
  /** How long a miss that was asked for twice is remembered; default 3, and at least as long as `cacheSeconds`. */
  readonly missSeconds?: number;
  /** Default 10 000. */
  readonly maxEntries?: number;
  /** Monotonic, for the cache's age. */
  readonly nowMs?: () => number;
}

interface Remembered {
  readonly answer: WhoisAnswer;
  readonly untilMs: number;
}

/** As long as a whole question to tailscaled may take. */
const turnMs = 2000;

/** `Whois` over the LocalAPI. Failures are never remembered. */
export function createWhois(options: WhoisOptions): Whois {
  const { api, clock, isRunning, cacheSeconds = 1, missSeconds = 3, maxEntries = 10_000 } = options;
  const nowMs = options.nowMs ?? (() => performance.now());
  const cache = new LRUCache<string, Remembered>({ max: maxEntries });
  const underWay = new Map<string, Promise<Remembered>>();
  const inTurn = createTurns(nowMs);

  /** A loopback connection of nobody's holds tailscaled's main lock for 180 ms (T44): never two of them at once. */
  const fetchNext = (ip: string, port: number, isWanted: () => boolean): Promise<WhoisAnswer> => {
    if (!isLoopback(ip) || port === 0) return fetchAnswer(api, clock, formatAddressPort(ip, 0));
    return inTurn(async (waitedMs) => {
      if (!isWanted()) return unknown;
      if (waitedMs > turnMs) {
        const message = `tailscaled takes more than ${turnMs} ms to say whose the local connections are`;
        throw new LocalApiError('timeout', message);
      }
      return fetchAnswer(api, clock, formatAddressPort(ip, port), 'tcp');
    });
  };
  const find = async (ip: string, port: number, isWanted: () => boolean): Promise<Remembered> => {
    const fetchOne = async (keptSeconds: number): Promise<Remembered> => {
      const askedMs = nowMs();
      const answer = await fetchNext(ip, port, isWanted);
      const seconds = answer.kind === 'found' ? cacheSeconds : keptSeconds;
      return { answer, untilMs: askedMs + seconds * 1000 };
    };
    const first = await fetchOne(cacheSeconds);
    if (first.answer.kind === 'found' || !isRunning || !isWanted()) return first;
    const isSure = await isRunning();
    // a loopback port is another connection's the moment this one ends
    const isLasting = isSure && !isLoopback(ip);
    return fetchOne(isLasting ? Math.max(missSeconds, cacheSeconds) : 0);
  };
  const recall = (key: string): WhoisAnswer | undefined => {
    const known = cache.get(key);
    if (known === undefined) return undefined;
    if (nowMs() < known.untilMs) return known.answer;
    cache.delete(key);
    return undefined;
  };
  const ask = (key: string, finding: Promise<Remembered>): Promise<Remembered> => {
    const asked = finding.then(
      (found) => {
        // cleared meanwhile: the answer may be from before the change
        if (underWay.get(key) !== asked) return found;
        underWay.delete(key);
        if (found.untilMs > nowMs()) cache.set(key, found);
        return found;
      },
      (error: unknown) => {
        if (underWay.get(key) === asked) underWay.delete(key);
        throw error;
      },
    );
    underWay.set(key, asked);
    return asked;
  };

  return {
    async lookup(ip, port, { fresh = false, isWanted = () => true } = {}) {
      const key = isLoopback(ip) ? formatAddressPort(ip, port) : ip;
      const known = fresh ? undefined : recall(key);
      if (known) return known;
      const running = fresh ? undefined : underWay.get(key);
      const found = await (running ?? ask(key, find(ip, port, isWanted)));
      return found.answer;
    },
    clear() {
      cache.clear();
      underWay.clear();
    },
  };
}

const unknown: WhoisAnswer = { kind: 'unknown' };

async function fetchAnswer(
  api: Pick<LocalApi, 'get'>,
  clock: Clock,
  address: string,
  proto?: 'tcp',
): Promise<WhoisAnswer> {
  // With a port other than 0 tailscaled looks for a connection that it has dialled, waiting for one to come; without
  // `proto` for UDP, too.
  const query = `addr=${encodeURIComponent(address)}${proto === undefined ? '' : `&proto=${proto}`}`;
  const path = `/localapi/v0/whois?${query}`;
  const { status, text } = await api.get(path);
  if (status === 200) return parseWhois(text, clock.nowSeconds());
  if (isUnknownPeer({ status, text })) return unknown;
  throw unexpectedStatus(path, status, text);
}

/** Any other 404 (`404 page not found`) is not about the peer. */
function isUnknownPeer({ status, text }: Pick<LocalApiAnswer, 'status' | 'text'>): boolean {
  return status === 404 && text.startsWith('no match');
}
