import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from './clock.ts';
import type { Config } from './config.ts';
import type { DaemonParts } from './daemon-parts.ts';
import { openNode } from './own-node.ts';
import { watchBus } from './peer/bus.ts';
import { LocalApi } from './peer/local-api.ts';
import { type NodeStatus, type StatusWatch, watchStatus } from './peer/status.ts';
import { createWhois, type Whois } from './peer/whois.ts';

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
  const status = watchStatus({
    api,
    clock,
    onChange: (node, failure) => {
      if (node && !failure) changes.onNode(node);
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
  const node = await firstStatus(status, parts);
  return Object.assign(changes, { api, whois, status, node });
}

/** Waits for tailscaled: at boot it may come later than we do. */
async function firstStatus(
  status: ReturnType<typeof watchStatus>,
  { log, clock, signal }: DaemonParts,
): Promise<NodeStatus> {
  const tell = tellOnce((text) => log.warn(text), clock);
  for (;;) {
    signal.throwIfAborted();
    try {
      const node = await status.refresh();
      if (node.backendState === 'Running') return node;
      tell(`waiting for tailscaled to be logged in: it is ${node.backendState}`);
    } catch (error) {
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
