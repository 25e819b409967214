import type { Say } from './say.ts';
import type { NodeStatus } from './status.ts';

export interface ControlWatchOptions {
  readonly log: Pick<Say, 'info' | 'warn'>;
  /** How long logins go on without the control server. */
  readonly staleNetworkMapSeconds: number;
  /** Shorter interruptions are not worth a word, as at each start of tailscaled; default 5000. */
  readonly patienceMs?: number;
}

export interface ControlWatch {
  /** What tailscaled says of our node now. @param staleSeconds Infinity where it was never connected in our life */
  see(node: NodeStatus, staleSeconds: number): void;
  stop(): void;
}

/** Why nobody is let in by a daemon that starts while the control server is away. */
export const neverConnected =
  'tailscaled is not connected to the control server, and was not since this daemon started: the age of its network map is unknown, so nobody is let in until it is connected';

/** Tells the log that the control server is away, what that means for logins, and that it is back. */
export function createControlWatch(options: ControlWatchOptions): ControlWatch {
  const { log, staleNetworkMapSeconds, patienceMs = 5000 } = options;
  let waiting: NodeJS.Timeout | undefined;
  let isTold = false;
  const stop = (): void => {
    clearTimeout(waiting);
    waiting = undefined;
  };
  return {
    see({ online, backendState }, staleSeconds) {
      if (online || backendState !== 'Running') {
        stop();
        if (online && isTold) log.info('tailscaled is connected to the control server again');
        if (online) isTold = false;
        return;
      }
      if (waiting !== undefined || isTold) return;
      const words = Number.isFinite(staleSeconds)
        ? `tailscaled has lost the control server: logins go on from its last network map for ${staleNetworkMapSeconds} s (staleNetworkMapSeconds), and changed grants and removed devices go unnoticed`
        : neverConnected;
      waiting = setTimeout(() => {
        isTold = true;
        log.warn(words);
      }, patienceMs);
      waiting.unref();
    },
    stop,
  };
}
