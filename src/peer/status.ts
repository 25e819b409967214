/** What `status` says of our own node. */
export interface NodeStatus {
  /** tailscaled's version, e.g. `1.102.3`. */
  readonly version: string;
  /** `Running`, `NeedsLogin`, `NeedsMachineAuth`, `Stopped`, `Starting`, `NoState`. */
  readonly backendState: string;
  readonly tun: boolean;
  /** StableID of our own node; empty while logged out. */
  readonly stableId: string;
  /** DNS name without its trailing dot; empty while logged out. */
  readonly dnsName: string;
  /** Our own tailnet addresses, canonical. */
  readonly addresses: readonly string[];
  readonly tags: readonly string[];
  /** False within seconds of losing the control server, while whois goes on answering from the last map. */
  readonly online: boolean;
  readonly magicDnsSuffix: string;
  /** Domains that tailscaled can get certificates for; empty without HTTPS. */
  readonly certDomains: readonly string[];
  readonly health: readonly string[];
}

export interface StatusWatch {
  /** The last good answer; undefined until there is one. */
  current(): NodeStatus | undefined;
  /** Why tailscaled can't be asked right now; undefined while the last question was answered. */
  failure(): Error | undefined;
  /** Seconds since the control server was last seen online; 0 while it is. Infinity before the first answer. */
  staleSeconds(): number;
  /** Ask now. @throws LocalApiError */
  refresh(): Promise<NodeStatus>;
  stop(): void;
}
