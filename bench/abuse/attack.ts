import type { ListenerKind } from '../way.ts';
import type { VisitKind } from './victim.ts';

/** Where the attacker finds the daemon. Plain data: it is handed to the attacker's process. */
export interface Target {
  /** Of the `demo` listener. */
  readonly host: string;
  readonly port: number;
  /** Of the `serve` listener, where tailscaled would be the one who connects. */
  readonly socketPath: string;
  readonly issuer: string;
  readonly client: { readonly id: string; readonly redirectUri: string };
  /** Ports of loopback that the configuration lists as hosts of documents, for sites of the attacker's. */
  readonly sitePorts: readonly number[];
  readonly seconds: number;
}

/** What the attacker got: how often each status came, and `cut` for connections that ended without an answer. */
export type Answers = Record<string, number>;

export interface Attack {
  /** Follows `abuse-`. */
  readonly name: string;
  /** What the attacker does, for the usage text. */
  readonly what: string;
  readonly listener: ListenerKind;
  /** What the victims do meanwhile. */
  readonly victims: VisitKind;
  /** More of the configuration. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** How long to wait before what is left in the database is counted; 2 unless the sweep is waited for. */
  readonly settleSeconds?: number;
  /** How many hosts of documents the attacker needs. */
  readonly sites?: number;
  /**
   * Attacks until the signal, in a process of its own. Bounded by that time, by its number of connections, and by
   * loopback.
   * @param begun to be called once everything stands, so that no victim is measured before
   */
  run(target: Target, signal: AbortSignal, begun: () => void): Promise<Answers>;
}
