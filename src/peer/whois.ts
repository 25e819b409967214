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
   * @throws LocalApiError when tailscaled can't answer; never a guess
   */
  lookup(ip: string, port: number): Promise<WhoisAnswer>;
  /** Forget everything (the bus said that something changed). */
  clear(): void;
}
