import { setTimeout as delay } from 'node:timers/promises';
import type { LocalApi } from './local-api.ts';

export interface BusOptions {
  readonly api: Pick<LocalApi, 'stream'>;
  /** Something in the tailnet changed, or may have while nobody listened. */
  readonly onChange: () => void;
  /** tailscaled is heard: at first and after every interruption. */
  readonly onUp?: () => void;
  readonly signal: AbortSignal;
  /** Pause after the first failure, doubled up to `maxPauseMs`; default 250. */
  readonly minPauseMs?: number;
  /** Default 10 000. */
  readonly maxPauseMs?: number;
}

/** InitialState, PeerChanges, NoNetMap, InitialStatus */
const path = '/localapi/v0/watch-ipn-bus?mask=28674';

/**
 * Listens to tailscaled's bus: the early sign that a peer was removed, retagged or has expired. It says nothing of
 * changed grants, so it only ever empties caches; what its lines say does not matter. It ends without a word when we
 * read too slowly or tailscaled stops: then it is asked anew. Ends with `signal`; never throws.
 */
export async function watchBus(options: BusOptions): Promise<void> {
  const { api, onChange, onUp, signal, minPauseMs = 250, maxPauseMs = 10_000 } = options;
  let connections = 0;
  let pauseMs = minPauseMs;
  while (!signal.aborted) {
    let isUp = false;
    const onLine = () => {
      // the first line describes the present: news only to one who missed something
      if (isUp || connections > 0) onChange();
      if (isUp) return;
      isUp = true;
      connections += 1;
      pauseMs = minPauseMs;
      onUp?.();
    };
    // tailscaled away or restarting: it is told by `status`
    await api.stream(path, onLine, signal).catch(() => undefined);
    if (signal.aborted) return;
    if (isUp) onChange();
    await delay(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
    pauseMs = Math.min(pauseMs * 2, maxPauseMs);
  }
}
