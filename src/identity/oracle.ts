import { isLoopback } from '../peer/address.ts';
import { LocalApiError } from '../peer/local-api.ts';
import type { StatusWatch } from '../peer/status.ts';
import type { LookupOptions, Whois } from '../peer/whois.ts';
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
}

export interface OracleParts {
  readonly whois: Whois;
  readonly status: StatusWatch;
  readonly options: IdentifyOptions;
}

export function createOracle({ whois, status, options: rules }: OracleParts): Oracle {
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
    connection: ask,
    async device(binding) {
      const identified = await ask(binding.address, 0);
      if (identified.ok && !isBound(identified.identity, binding)) return refuse('unknown');
      return identified;
    },
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
