import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import { watchBus } from '../peer/bus.ts';
import { createControlWatch } from '../peer/control-watch.ts';
import { LocalApi } from '../peer/local-api.ts';
import { type NodeStatus, type StatusWatch, watchStatus } from '../peer/status.ts';
import { createWhois, type Whois } from '../peer/whois.ts';
import type { DaemonParts } from './daemon-parts.ts';
import { openNode } from './own-node.ts';

/** What the daemon knows of its tailnet, and how it hears of changes. */
export interface JoinedTailnet {
  readonly api: LocalApi;
  readonly whois: Whois;
  readonly status: StatusWatch;
  /** Our own node, as it was when tailscaled ran first. */
  readonly node: NodeStatus;
  /** Called with our own node whenever tailscaled tells of it. */
  onNode: (node: NodeStatus) => void;
}

/**
 * Finds tailscaled, or starts our own, and waits until it is logged in.
 * @throws TailscaledError, LocalApiError
 */
export async function joinTailnet(
  config: Config,
  parts: DaemonParts,
  undo: AsyncDisposableStack,
): Promise<JoinedTailnet> {
  const { clock } = parts;
  const api = new LocalApi({ socket: await openNode(config, parts, undo) });
  undo.defer(() => api.close());
  const changes: Pick<JoinedTailnet, 'onNode'> = { onNode: () => undefined };
  const { staleNetworkMapSeconds } = config;
  const control = createControlWatch({ log: parts.log, staleNetworkMapSeconds });
  undo.defer(() => control.stop());
  const status = watchStatus({
    api,
    clock,
    onChange: (node, failure) => {
      if (!node || failure) return;
      control.see(node, status.staleSeconds());
      changes.onNode(node);
    },
  });
  undo.defer(() => status.stop());
  const whois = createWhois({
    api,
    clock,
    cacheSeconds: config.whoisCacheSeconds,
    isRunning: async () => (await status.refresh()).backendState === 'Running',
  });
  const bus = new AbortController();
  undo.defer(() => bus.abort());
  void watchBus({
    api,
    signal: bus.signal,
    onChange: () => {
      whois.clear();
      status.refresh().catch(() => undefined); // failure() keeps the reason
    },
  });
  // a tailscaled of our own was started just now, and what it waits for is told by whoever started it
  const patienceSeconds = config.tailscaled.managed === undefined ? 0 : managedPatienceSeconds;
  const node = await firstStatus(status, parts, patienceSeconds);
  return Object.assign(changes, { api, whois, status, node });
}

/** As long as a first login by key may take. */
const managedPatienceSeconds = 15;

/** Waits for tailscaled: at boot it may come later than we do. */
async function firstStatus(
  status: ReturnType<typeof watchStatus>,
  { log, clock, signal }: DaemonParts,
  patienceSeconds: number,
): Promise<NodeStatus> {
  const begunSeconds = clock.nowSeconds();
  const isPatient = () => clock.nowSeconds() - begunSeconds < patienceSeconds;
  const tell = tellOnce((text) => log.warn(text), clock);
  for (;;) {
    signal.throwIfAborted();
    try {
      const node = await status.refresh();
      if (node.backendState === 'Running') return node;
      const words = `waiting for tailscaled to be logged in: it is ${node.backendState}`;
      if (!isPatient()) tell(words);
    } catch (error) {
      if (!isPatient())
        tell(`waiting for tailscaled: ${error instanceof Error ? error.message : error}`);
    }
    // aborted: the next turn says so
    await pause(1000, undefined, { signal }).catch(() => undefined);
  }
}

const tellAgainSeconds = 60;

/** Tells what is new, and what is still so once a minute: a night of waiting must not fill the log. */
export function tellOnce(tell: (text: string) => void, clock: Clock): (text: string) => void {
  let last: { readonly text: string; readonly at: number } | undefined;
  return (text) => {
    const at = clock.nowSeconds();
    if (last?.text === text && at - last.at < tellAgainSeconds) return;
    last = { text, at };
    tell(text);
  };
}
