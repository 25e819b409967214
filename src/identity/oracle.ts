import { LRUCache } from 'lru-cache';
import { isTailnetAddress } from '../peer/address.ts';
import { LocalApiError } from '../peer/local-api.ts';
import { peerShare } from '../peer/peer-share.ts';
import type { StatusWatch } from '../peer/status.ts';
import type { LookupOptions, Whois } from '../peer/whois.ts';
import { isLoopback, parseAddress } from '../protocol/address.ts';
import { type IdentifyOptions, identify, refuse } from './identify.ts';
import type { Identified, Identity } from './identity.ts';

/** The device that a login came from, remembered with it: refresh and userinfo ask for the person there again. */
export interface DeviceBinding {
  readonly stableId: string;
  /** One of the device's tailnet addresses, without prefix length. */
  readonly address: string;
  /** Of a machine; none for a person's device. */
  readonly tags: readonly string[];
}

/** Answers who somebody is, each time anew (at most the whois cache's second old). Never throws for trouble of tailscaled: that is a refusal, too. */
export interface Oracle {
  /**
   * The peer of a live connection. `address` is canonical.
   * @param port 0 where the peer's own is not known
   * @param options.fresh ask now: a loopback port belongs to another connection the moment that this one ends
   */
  connection(address: string, port: number, options?: LookupOptions): Promise<Identified>;
  /**
   * The owner, now, of the device that an earlier login came from; `unknown` when the address has gone to another
   * device, or the device has got other tags, which make it another machine (T13).
   */
  device(binding: DeviceBinding): Promise<Identified>;
  /**
   * Whose share of anything limited a sender at this address takes from, without asking: the StableID of the node
   * that had it when whois last told, else what its address says (`peerShare`). Never to decide who somebody is.
   */
  share(address: string): string;
}

/** Addresses whose node is remembered for `share`: IPv4 and IPv6 of one node are one sender. */
const maxNamed = 10_000;

export interface OracleParts {
  readonly whois: Whois;
  readonly status: StatusWatch;
  readonly options: IdentifyOptions;
}

export function createOracle({ whois, status, options: rules }: OracleParts): Oracle {
  const named = new LRUCache<string, string>({ max: maxNamed });
  const ask = async (
    address: string,
    port: number,
    options?: LookupOptions,
  ): Promise<Identified> => {
    // with a TUN device no peer comes from loopback, and asking costs tailscaled dearly (T44)
    if (isLoopback(address) && status.current()?.tun) return refuse('unknown');
    try {
      const answer = await whois.lookup(address, port, options);
      const view = { status: status.current(), staleSeconds: status.staleSeconds() };
      return identify(answer, view, rules);
    } catch (error) {
      if (!(error instanceof LocalApiError)) throw error;
      // readiness must hear of it at once, and not at the next regular question
      if (!status.failure()) void status.refresh().catch(() => undefined);
      return refuse('unavailable');
    }
  };
  return {
    async connection(address, port, options) {
      const found = await ask(address, port, options);
      if (found.ok && isTailnetAddress(address)) named.set(address, found.identity.node.stableId);
      return found;
    },
    async device(binding) {
      const identified = await ask(binding.address, 0);
      if (identified.ok && !isBound(identified.identity, binding)) return refuse('unknown');
      return identified;
    },
    share: (address) => named.get(parseAddress(address) ?? address) ?? peerShare(address),
  };
}

function isBound(identity: Identity, { stableId, tags }: DeviceBinding): boolean {
  return (
    identity.node.stableId === stableId && tagsOf(identity).join(',') === [...tags].sort().join(',')
  );
}

/** Sorted: tailscaled promises no order. */
function tagsOf(identity: Identity): string[] {
  return identity.kind === 'machine' ? [...identity.tags].sort() : [];
}
