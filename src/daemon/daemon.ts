import type Provider from 'oidc-provider';
import { startAuditKeeper } from '../audit/keeper.ts';
import { startExpiring } from '../clients/registration/registration-expiry.ts';
import { checkAudiences } from '../clients/reserved-ids.ts';
import { loadOrCreateSecretKey } from '../clients/secret-key.ts';
import type { Config } from '../config/config.ts';
import { createApp } from '../http/app.ts';
import { logErrors } from '../http/error-log.ts';
import { createGuard } from '../http/guard.ts';
import { createLateApps } from '../http/late-apps.ts';
import { createLoad } from '../http/load.ts';
import { type Opened, type OpenParts, openAdmin, openListener } from '../http/open.ts';
import { createPace } from '../http/pace.ts';
import { createNodeWatch } from '../http/renamed.ts';
import { createStoreHealth } from '../http/store-health.ts';
import { createTally } from '../http/tally.ts';
import { createOracle } from '../identity/oracle.ts';
import { databasePath, openState } from '../store/sqlite/open.ts';
import { startSweeping } from '../store/sweeping.ts';
import { pendingTakeover, requireFormerName, takeOver } from '../takeover/at-start.ts';
import { loadOrCreateKeys } from '../tokens/keys.ts';
import { createAuthority } from './authority.ts';
import type { DaemonParts } from './daemon-parts.ts';
import { joinTailnet } from './joined-tailnet.ts';
import { decideListening } from './listening.ts';

export interface Daemon {
  readonly issuer: string;
  /** Where it listens. */
  readonly urls: readonly string[];
  /** A collector's file may have been moved away: writes to a new one of that name. */
  reopenFiles(): Promise<void>;
  /** Reads the keys again: from the next request on those sign that are active now. @throws StoreError and goes on as before */
  turnKeys(): Promise<void>;
  /** Lets the requests under way finish, then ends everything. */
  close(): Promise<void>;
}

/** For answers that are made but not sent yet, once requests had their time. */
const lastAnswersMs = 1000;

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
  await checkAudiences(config.resources, store.clients);
  const pending = await pendingTakeover(config.stateDirectory, store, log);
  // while tsidp's key is still to come, none of ours is made
  const early = pending ? undefined : await loadOrCreateKeys(store, clock);
  const secretKey = await loadOrCreateSecretKey(store, clock);

  const tailnet = await joinTailnet(config, parts, undo);
  const { node } = tailnet;
  if (pending) requireFormerName(pending, { config, node });
  const { issuer, listeners } = decideListening(config, node, log);
  const tally = createTally(log);
  undo.defer(() => tally.stop());
  const storeHealth = createStoreHealth(store);
  const load = createLoad(limits.requestsInFlight, limits.requestsInFlightPerPeer);
  const guard = createGuard(limits, tally);
  undo.defer(() => guard.stop());
  const drainMs = limits.drainSeconds * 1000;
  const oracle = createOracle({ whois: tailnet.whois, status: tailnet.status, options: config });
  const apps = createLateApps();
  const openParts: OpenParts = {
    issuer: new URL(issuer),
    api: tailnet.api,
    node,
    status: tailnet.status,
    oracle,
    stateDirectory: config.stateDirectory,
    headerLimitBytes: limits.headerBytes,
    requestTimeoutMs: limits.requestTimeoutSeconds * 1000,
    drainMs,
    clock,
    log,
    guard,
    answer: apps.answer,
  };
  await using listening = new AsyncDisposableStack();
  const opened = new Set<Opened>();
  listening.defer(async () => {
    await Promise.all([...opened].map((one) => one.close(lastAnswersMs)));
  });
  for (const listener of listeners) opened.add(await openListener(listener, openParts));
  const urls = [...opened].flatMap((one) => one.urls());

  // only once we listen: a start that fails leaves tsidp's place to tsidp, and the next one takes over
  if (pending) await takeOver(pending, { store, clock, log });
  const tookOver = (await store.imports.list()).length > 0;
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
  const prepare = (made: Provider): void =>
    logErrors(made, { tally, share: oracle.share, storeHealth, log });
  const authorityParts = { state, keys, secretKey, tailnet, oracle, issuer, tookOver, prepare };
  const authority = createAuthority(config, authorityParts, parts);
  const { settings, provider } = authority;
  const stopSweeping = startSweeping(store, clock, log);
  undo.defer(stopSweeping);
  undo.defer(
    startExpiring({ store, clock, limits: config.registration, endings: authority.endings }, log),
  );
  const pace = createPace();
  const startedAtSeconds = clock.nowSeconds();
  apps.begin((entrance) => {
    const app = createApp({
      entrance,
      provider: provider.current,
      registry: authority.registry,
      clients: authority.clients,
      registrationApi: authority.registrationApi,
      algorithms: authority.algorithms,
      setClaims: new Set(config.clients.flatMap(({ claims }) => Object.keys(claims?.set ?? {}))),
      settings,
      status: tailnet.status,
      staleNetworkMapSeconds: config.staleNetworkMapSeconds,
      store,
      load,
      connections: guard.connections,
      tally,
      pace,
      storeHealth,
      bodyLimitBytes: limits.bodyBytes,
      startedAtSeconds,
      log,
    });
    app.keys = [...keys.cookies];
    const answer = app.callback();
    return (request, response) => void answer(request, response);
  });
  const admin = await openAdmin(openParts);
  if (admin) opened.add(admin);
  undo.use(listening.move());
  undo.defer(() => load.drain(drainMs));
  const tellChanges = createNodeWatch(node, issuer, log);
  tailnet.onNode = (changed) => {
    tellChanges(changed);
    for (const one of opened) one.nodeChanged(changed);
  };
  // what changed while we started has been told to nobody
  const now = tailnet.status.current();
  if (now) tailnet.onNode(now);

  const everything = undo.move();
  return {
    issuer,
    urls,
    reopenFiles: () => auditKeeper.deliver(),
    turnKeys: async () => provider.turn(await loadOrCreateKeys(store, clock)),
    close: () => everything.disposeAsync(),
  };
}
