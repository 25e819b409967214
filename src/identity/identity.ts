import type { CapMap } from '../peer/whois.ts';

/** The device at the other end, as claims and bindings need it. */
export interface Device {
  readonly stableId: string;
  /** Decimal. */
  readonly nodeId: string;
  /** DNS name with its trailing dot. */
  readonly name: string;
  /** `nodekey:<hex>` */
  readonly key: string;
  /** Prefixes, e.g. `100.64.0.3/32`. */
  readonly addresses: readonly string[];
  readonly os: string | undefined;
  /** False where an operator lets it live for ever, as tagged devices do by default. */
  readonly keyExpires: boolean;
}

export interface UserIdentity {
  readonly kind: 'user';
  /** MagicDNS suffix of the device's tailnet with its trailing dot. */
  readonly tailnet: string;
  /** Decimal; may exceed 2^53. */
  readonly userId: string;
  /** e.g. `alice@example.com`, `alice@github`, `carol` */
  readonly login: string;
  readonly displayName: string | undefined;
  readonly picture: string | undefined;
  /**
   * Groups of the tailnet, as tailscaled spells them (`group:eng`, `sales@example.com`). Undefined where we are told
   * of none, which never means that there are none.
   */
  readonly groups?: readonly string[];
  readonly node: Device;
  /** A member of another tailnet, let in because the operator opted in. */
  readonly foreign: boolean;
}

export interface MachineIdentity {
  readonly kind: 'machine';
  readonly tailnet: string;
  readonly stableId: string;
  readonly tags: readonly string[];
  readonly node: Device;
}

export type Identity = UserIdentity | MachineIdentity;

/** Why a connection has no identity. `unavailable` and `stale` are our trouble (503), the others the peer's (403). */
export type RefusalCode =
  | 'unknown'
  | 'foreign'
  | 'expired'
  | 'self'
  | 'proxied'
  | 'funnel'
  | 'not-logged-in'
  | 'unavailable'
  | 'stale';

export interface Refusal {
  readonly code: RefusalCode;
  /** One sentence for people: what we see and what to do. Holds no secret and names no other user. */
  readonly message: string;
}

export type Identified =
  | {
      readonly ok: true;
      readonly identity: Identity;
      readonly capMap: CapMap;
      /** The control server is away; the answer comes from the last network map. */
      readonly stale: boolean;
      /**
       * The connection is not the device's own: a program on our own node (T35), or a proxy that the operator
       * trusts (T34). Enough to log in where the operator opted in, never to administer.
       */
      readonly through?: 'self' | 'proxy';
    }
  | { readonly ok: false; readonly refusal: Refusal };

/** Whoever was identified. */
export type Known = Extract<Identified, { ok: true }>;
