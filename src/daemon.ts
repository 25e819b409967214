import type { SecureContextOptions } from 'node:tls';
import type Provider from 'oidc-provider';
import type { Clock } from './clock.ts';
import { frontOf, type Listen } from './config/listen.ts';
import type { Config } from './config.ts';
import { createApp } from './http/app.ts';
import { logErrors } from './http/error-log.ts';
import { socketEntrance } from './http/identify/socket.ts';
import { type Listening, listen } from './http/listeners.ts';
import { createLoad } from './http/load.ts';
import { pages } from './http/pages/pages.ts';
import { createTls } from './http/tls.ts';
import { createOracle } from './identity/oracle.ts';
import type { Logger } from './log.ts';
import { watchBus } from './peer/bus.ts';
import { LocalApi } from './peer/local-api.ts';
import { type NodeStatus, watchStatus } from './peer/status.ts';
import { createWhois } from './peer/whois.ts';
import { createClientRegistry } from './provider/clients.ts';
import { configuredClients } from './provider/configured-clients.ts';
import { loadOrCreateKeys } from './provider/keys.ts';
import { createProvider } from './provider/provider.ts';
import { createRuleReport } from './provider/rule-report.ts';
import { loadOrCreateSecretKey } from './provider/secret-key.ts';
import { createSecretChecker } from './provider/secrets.ts';
import { openState } from './store/open.ts';
import { startSweeping } from './store/sweeping.ts';

export interface Daemon {
  readonly issuer: string;
  /** Where it listens. */
  readonly urls: readonly string[];
  /** Lets the requests under way finish, then ends everything. */
  close(): Promise<void>;
}

export interface DaemonParts {
  readonly clock: Clock;
  readonly log: Logger;
  /** tailscaled's socket, as found for this platform. */
  readonly socket: string;
  /** Aborted when the start is to be given up. */
  readonly signal: AbortSignal;
}

/**
 * Joins the stages and listens. Everything that can be wrong at start throws before anything listens.
 * @throws StoreError, LocalApiError, ListenError
 */
export async function startDaemon(config: Config, parts: DaemonParts): Promise<Daemon> {
  const { clock, log } = parts;
  const { limits, lifetimes } = config;
  // what was begun is undone in reverse order, at a failed start and at the end
  await using undo = new AsyncDisposableStack();

  const state = await openState(config.stateDirectory, {
    clock,
    refreshGraceSeconds: lifetimes.refreshGraceSeconds,
  });
  undo.defer(() => state.close());
  const { store } = state;
  const keys = await loadOrCreateKeys(store, clock);
  const secretKey = await loadOrCreateSecretKey(store, clock);

  const api = new LocalApi({ socket: parts.socket });
  undo.defer(() => api.close());
  const whois = createWhois({ api, clock, cacheSeconds: config.whoisCacheSeconds });
  const status = watchStatus({ api, clock });
  undo.defer(() => status.stop());
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
  const front = frontOf(config.listen);
  const issuer = config.issuer ?? issuerOf(node, front);

  const settings = {
    issuer,
    login: config.login,
    access: config.access,
    emailVerified: config.emailVerified,
    lifetimes,
    clock,
    oracle: createOracle({ whois, status, options: config }),
    audit: store.audit,
    pages,
    onRules: createRuleReport(log),
    ownNode: () => status.current() ?? { tags: [], addresses: [] },
  };
  const provider: Provider = createProvider({
    settings,
    store,
    keys,
    clients: createClientRegistry(
      configuredClients(config.clients, secretKey, clock),
      store.clients,
    ),
    secrets: createSecretChecker({ key: secretKey, clock }),
  });
  logErrors(provider, log);
  const stopSweeping = startSweeping(store, clock, log);
  undo.defer(stopSweeping);

  const load = createLoad(limits.requestsInFlight);
  const app = createApp({
    entrance: socketEntrance(front.type === 'demo' ? 'demo' : 'tailnet', {
      issuer: new URL(issuer),
      oracle: settings.oracle,
      status,
    }),
    provider: () => provider,
    settings,
    status,
    store,
    load,
    bodyLimitBytes: limits.bodyBytes,
    log,
  });
  app.keys = [...keys.cookies];
  const answer = app.callback();
  const tls = await createTls(front, { api, domain: new URL(issuer).hostname, log });
  undo.defer(() => tls.stop());
  const listening = await listenAll(config, front, node, tls.current(), answer);
  const drainMs = limits.drainSeconds * 1000;
  undo.defer(() => Promise.all(listening.map((one) => one.close(drainMs))).then(() => undefined));
  undo.defer(() => load.drain(drainMs));
  tls.onRenewal((renewed) => {
    for (const one of listening) one.setCertificate(renewed);
  });

  const everything = undo.move();
  return {
    issuer,
    urls: listening.map(({ url }) => url),
    close: () => everything.disposeAsync(),
  };
}

/** Waits for tailscaled: at boot it may come later than we do. */
async function firstStatus(
  status: ReturnType<typeof watchStatus>,
  { log, signal }: DaemonParts,
): Promise<NodeStatus> {
  for (;;) {
    signal.throwIfAborted();
    try {
      const node = await status.refresh();
      if (node.backendState === 'Running') return node;
      log.warn(`waiting for tailscaled to be logged in: it is ${node.backendState}`);
    } catch (error) {
      log.warn(`waiting for tailscaled: ${error instanceof Error ? error.message : error}`);
    }
    await pause(1000, signal);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  signal.addEventListener('abort', () => resolve(), { once: true });
  return promise.finally(() => clearTimeout(timer));
}

/** tsidp's issuer: the node's DNS name, with the port only when it is not the scheme's own. */
function issuerOf(node: NodeStatus, front: Listen): string {
  return new URL(
    `${'plainHttp' in front && front.plainHttp ? 'http' : 'https'}://${node.dnsName}:${front.port}`,
  ).origin;
}

async function listenAll(
  config: Config,
  where: Listen,
  node: NodeStatus,
  tls: SecureContextOptions | undefined,
  answer: Parameters<typeof listen>[1],
): Promise<Listening[]> {
  const { limits } = config;
  const addresses =
    where.type === 'demo'
      ? where.hosts
      : ('addresses' in where && where.addresses) || node.addresses;
  const listening: Listening[] = [];
  try {
    for (const address of addresses) {
      const options = {
        address,
        port: where.port,
        tls,
        headerLimitBytes: limits.headerBytes,
        requestTimeoutMs: limits.requestTimeoutSeconds * 1000,
      };
      listening.push(await listen(options, answer));
    }
    return listening;
  } catch (error) {
    await Promise.all(listening.map((one) => one.close(0)));
    throw error;
  }
}
