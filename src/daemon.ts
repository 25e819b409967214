import type Provider from 'oidc-provider';
import type { Clock } from './clock.ts';
import type { Config } from './config.ts';
import { createApp } from './http/app.ts';
import { type ChosenListen, chooseListener, issuerOf, issuerRemarks } from './http/choose.ts';
import { logErrors } from './http/error-log.ts';
import { createLoad } from './http/load.ts';
import { type Opened, type OpenParts, openAdmin, openListener } from './http/open.ts';
import { pages } from './http/pages/pages.ts';
import { createRegistrationApi } from './http/registration.ts';
import { createNodeWatch } from './http/renamed.ts';
import { createOracle } from './identity/oracle.ts';
import type { Logger } from './log.ts';
import { createOutgoingFetch } from './outgoing/fetch.ts';
import { openNode } from './own-node.ts';
import { watchBus } from './peer/bus.ts';
import { LocalApi } from './peer/local-api.ts';
import { type NodeStatus, watchStatus } from './peer/status.ts';
import { createWhois } from './peer/whois.ts';
import { withListener } from './provider/audit-requests.ts';
import { createClientRegistry } from './provider/clients.ts';
import { configuredClients } from './provider/configured-clients.ts';
import { createDeviceLimits } from './provider/device-limits.ts';
import { withDocuments } from './provider/document-clients.ts';
import { createIntroduction } from './provider/document-introduction.ts';
import { loadOrCreateKeys } from './provider/keys.ts';
import { createClientManager } from './provider/manage-clients.ts';
import { createMetadataDocuments, documentsWork } from './provider/metadata-documents.ts';
import { createProvider } from './provider/provider.ts';
import { startExpiring } from './provider/registration-expiry.ts';
import { registrationFacts } from './provider/registration-facts.ts';
import { createResources } from './provider/resources.ts';
import { createRuleReport } from './provider/rule-report.ts';
import { loadOrCreateSecretKey } from './provider/secret-key.ts';
import { createSecretChecker } from './provider/secrets.ts';
import { startAuditKeeper } from './store/audit-keeper.ts';
import { databasePath, openState } from './store/open.ts';
import { startSweeping } from './store/sweeping.ts';
import { pendingTakeover, takeOver } from './takeover/at-start.ts';

export interface Daemon {
  readonly issuer: string;
  /** Where it listens. */
  readonly urls: readonly string[];
  /** A collector's file may have been moved away: writes to a new one of that name. */
  reopenFiles(): Promise<void>;
  /** Lets the requests under way finish, then ends everything. */
  close(): Promise<void>;
}

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

/**
 * Joins the stages and listens. What can be wrong at start throws, and nothing that was begun stays.
 * @throws StoreError, TailscaledError, LocalApiError, ListenError
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
  const pending = await pendingTakeover(config.stateDirectory, store, log);
  // while tsidp's key is still to come, none of ours is made
  const early = pending ? undefined : await loadOrCreateKeys(store, clock);
  const secretKey = await loadOrCreateSecretKey(store, clock);

  const api = new LocalApi({ socket: await openNode(config, parts, undo) });
  undo.defer(() => api.close());
  const whois = createWhois({ api, clock, cacheSeconds: config.whoisCacheSeconds });
  let onNode: (node: NodeStatus) => void = () => undefined;
  const status = watchStatus({
    api,
    clock,
    onChange: (node, failure) => {
      if (node && !failure) onNode(node);
    },
  });
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
  if (pending) await takeOver(pending, { config, node, store, clock, log });
  const keys = early ?? (await loadOrCreateKeys(store, clock));
  const auditKeeper = startAuditKeeper({
    store,
    path: databasePath(config.stateDirectory),
    clock,
    log,
    limits: config.audit,
    sink: config.audit.sink,
  });
  undo.defer(() => auditKeeper.close());
  const { issuer, listeners } = decide(config, node, log);

  const settings = {
    issuer,
    login: config.login,
    access: config.access,
    emailVerified: config.emailVerified,
    lifetimes,
    clock,
    oracle: createOracle({ whois, status, options: config }),
    audit: withListener(store.audit),
    consents: store.consents,
    consentSeconds: config.consentDays * 86_400,
    registrationOf: registrationFacts(store),
    pages,
    deviceLimits: createDeviceLimits(clock, lifetimes.devicePollSeconds),
    resources: createResources(config.resources),
    capabilityScopes: config.capabilityScopes,
    tokenExchange: config.tokenExchange,
    registration: config.registration,
    onRules: createRuleReport(log),
    ownNode: () => status.current() ?? { tags: [], addresses: [] },
  };
  const configured = configuredClients(config.clients, secretKey, clock);
  const secrets = createSecretChecker({ key: secretKey, clock });
  const registry = createClientRegistry(configured, store.clients);
  const fetch = createOutgoingFetch(config.metadataDocuments);
  const findDocument = createMetadataDocuments({
    ...config.metadataDocuments,
    fetch,
    documents: store.documents,
    introduce: createIntroduction(clock),
    quarantine: config.registration.quarantine,
    audit: settings.audit,
    clock,
  });
  const provider: Provider = createProvider({
    settings,
    store,
    keys,
    clients: { find: async (id) => (await registry.find(id)) ?? findDocument(id) },
    fetch,
    hasMetadataDocuments: documentsWork(config.metadataDocuments),
    secrets,
    secretKey,
  });
  const clientManager = createClientManager({
    declared: config.clients,
    clients: withDocuments(store.clients, store.documents),
    registrations: store.registrations,
    audit: store.audit,
    clock,
    secretKey: async () => secretKey,
    forget: (id) => secrets.forget(id),
  });
  const registrationApi = createRegistrationApi({
    settings,
    secretKey,
    bodyLimitBytes: limits.bodyBytes,
  });
  logErrors(provider, log);
  const stopSweeping = startSweeping(store, clock, log);
  undo.defer(stopSweeping);
  undo.defer(startExpiring({ store, clock, limits: config.registration, secrets }, log));

  const load = createLoad(limits.requestsInFlight);
  const drainMs = limits.drainSeconds * 1000;
  const openParts: OpenParts = {
    issuer: new URL(issuer),
    api,
    node,
    status,
    oracle: settings.oracle,
    stateDirectory: config.stateDirectory,
    headerLimitBytes: limits.headerBytes,
    requestTimeoutMs: limits.requestTimeoutSeconds * 1000,
    drainMs,
    clock,
    log,
    answer(entrance) {
      const app = createApp({
        entrance,
        provider: () => provider,
        registry,
        clients: clientManager,
        registrationApi,
        settings,
        status,
        store,
        load,
        bodyLimitBytes: limits.bodyBytes,
        log,
      });
      app.keys = [...keys.cookies];
      const answer = app.callback();
      return (request, response) => void answer(request, response);
    },
  };
  const opened = new Set<Opened>();
  undo.defer(async () => {
    await Promise.all([...opened].map((one) => one.close()));
  });
  for (const listener of listeners) opened.add(await openListener(listener, openParts));
  const urls = [...opened].flatMap((one) => one.urls());
  const admin = await openAdmin(openParts);
  if (admin) opened.add(admin);
  undo.defer(() => load.drain(drainMs));
  const tellChanges = createNodeWatch(node, issuer, log);
  onNode = (changed) => {
    tellChanges(changed);
    for (const one of opened) one.nodeChanged(changed);
  };

  const everything = undo.move();
  return {
    issuer,
    urls,
    reopenFiles: () => auditKeeper.deliver(),
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

/** The listeners and the issuer that this node and configuration make; says which, and why. */
function decide(
  { listen, issuer: configured }: Config,
  node: NodeStatus,
  log: Logger,
): { issuer: string; listeners: readonly ChosenListen[] } {
  let why = 'as configured';
  const listeners = listen.map((one): ChosenListen => {
    if (one.type !== 'auto') return one;
    const choice = chooseListener(one, node);
    ({ why } = choice);
    return choice.listen;
  });
  const front = listeners.find(({ type }) => type !== 'backchannel');
  if (!front) throw new Error('no listener that people can reach');
  const issuer = configured ?? issuerOf(front, node);
  const origin = configured ? 'as configured' : "from this node's name";
  log.info(`${front.type} listener: ${why}; the issuer is ${issuer}, ${origin}`);
  for (const remark of configured ? issuerRemarks(issuer, front, node) : []) log.warn(remark);
  return { issuer, listeners };
}
