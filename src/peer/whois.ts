import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import { formatAddressPort, isTailnetAddress } from './address.ts';
import { type LocalApi, type LocalApiAnswer, unexpectedStatus } from './local-api.ts';
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
   * Who is at `ip`:`port`?  An answer is at most `cacheSeconds` old; identical questions under way are one.
   * @param ip a canonical IP address (`parseAddress`)
   * @param options.fresh ask now, whatever is remembered or under way
   * @throws LocalApiError when tailscaled can't answer; never a guess
   */
  lookup(ip: string, port: number, options?: { fresh?: boolean }): Promise<WhoisAnswer>;
  /** Forget everything (the bus said that something changed). */
  clear(): void;
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
  /** Default 10 000. */
  readonly maxEntries?: number;
  /** Monotonic, for the cache's age. */
  readonly nowMs?: () => number;
}

interface Remembered {
  readonly answer: WhoisAnswer;
  readonly askedMs: number;
}

/** `Whois` over the LocalAPI. Failures are never remembered. */
export function createWhois(options: WhoisOptions): Whois {
  const { api, clock, cacheSeconds = 1, maxEntries = 10_000 } = options;
  const nowMs = options.nowMs ?? (() => performance.now());
  const maxAgeMs = cacheSeconds * 1000;
  const cache = new LRUCache<string, Remembered>({ max: maxEntries });
  const underWay = new Map<string, Promise<WhoisAnswer>>();

  const recall = (key: string): WhoisAnswer | undefined => {
    const known = cache.get(key);
    if (known === undefined) return undefined;
    if (nowMs() - known.askedMs < maxAgeMs) return known.answer;
    cache.delete(key);
    return undefined;
  };
  const ask = (key: string, address: string): Promise<WhoisAnswer> => {
    const askedMs = nowMs();
    const asked = fetchAnswer(api, clock, address).then(
      (answer) => {
        // cleared meanwhile: the answer may be from before the change
        if (underWay.get(key) !== asked) return answer;
        underWay.delete(key);
        if (maxAgeMs > 0) cache.set(key, { answer, askedMs });
        return answer;
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
    async lookup(ip, port, { fresh = false } = {}) {
      const address = formatAddressPort(ip, port);
      // tailscaled finds a node by its address alone; the port tells only proxied loopback connections apart
      const key = isTailnetAddress(ip) ? ip : address;
      const known = fresh ? undefined : (recall(key) ?? underWay.get(key));
      return known ?? ask(key, address);
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
): Promise<WhoisAnswer> {
  // without `proto` tailscaled looks for UDP sockets, too, under its main lock
  const path = `/localapi/v0/whois?addr=${encodeURIComponent(address)}&proto=tcp`;
  const { status, text } = await api.get(path);
  if (status === 200) return parseWhois(text, clock.nowSeconds());
  if (isUnknownPeer({ status, text })) return unknown;
  throw unexpectedStatus(path, status, text);
}

/** Any other 404 (`404 page not found`) is not about the peer. */
function isUnknownPeer({ status, text }: Pick<LocalApiAnswer, 'status' | 'text'>): boolean {
  return status === 404 && text.startsWith('no match');
}
