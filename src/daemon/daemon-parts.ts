import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';

/** What a daemon needs of the process that it runs in. */
export interface DaemonParts {
  readonly clock: Clock;
  readonly log: Logger;
  /** The machine's tailscaled's socket, as found for this platform. */
  readonly socket: string;
  /** For a tailscaled of our own, where the configuration wants one. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Aborted when the start is to be given up. */
  readonly signal: AbortSignal;
}
