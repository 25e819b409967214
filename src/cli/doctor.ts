import { join } from 'node:path';
import { createResources } from '../access/resources.ts';
import { clientFromConfig } from '../clients/client-metadata.ts';
import { systemClock } from '../clock.ts';
import { type Config, ConfigError, loadConfigWith } from '../config/config.ts';
import { configFlags } from '../config/config-flags.ts';
import type { ParsedFlags } from '../config/flags.ts';
import { variable } from '../config/overrides.ts';
import { auditFindings, sinkFindings } from '../doctor/audit.ts';
import { clientFindings } from '../doctor/clients.ts';
import { clockFinding, type Witness } from '../doctor/clock.ts';
import { documentFindings } from '../doctor/documents.ts';
import { configurationFiles, fileFindings, type PrivateFile } from '../doctor/files.ts';
import { type Finding, ok, problem } from '../doctor/finding.ts';
import { expectedIssuer, listenerFindings } from '../doctor/listener.ts';
import { nodeFindings } from '../doctor/node.ts';
import { registrationFindings } from '../doctor/registration.ts';
import { resourceDocumentFindings } from '../doctor/resource-documents.ts';
import { resourceFindings } from '../doctor/resources.ts';
import { type AskedPeer, ruleFindings } from '../doctor/rules.ts';
import { trustFindings } from '../doctor/trust.ts';
import { visibleGroupsFindings } from '../doctor/visible-groups.ts';
import { createOutgoingFetch } from '../outgoing/fetch.ts';
import { resolve } from '../outgoing/resolve.ts';
import { type LocalApi, LocalApiError } from '../peer/local-api.ts';
import { isClosed } from '../store/files.ts';
import { type InspectedClient, inspectClients, inspectDatabase } from '../store/sqlite/inspect.ts';
import { databasePath } from '../store/sqlite/open.ts';
import { StoreError } from '../store/store.ts';
import { defineCommand, type Io } from './command.ts';
import { type LiveTailnet, openLocalApi, readLiveTailnet } from './live-tailnet.ts';
import { printable, printJson } from './print.ts';

/** Devices that are asked about; in a big tailnet the first ones tell enough. */
const maxPeers = 500;
/** For the documents of all resources, which are asked for at once. */
const documentTimeoutMs = 5000;

export const doctor = defineCommand({
  name: 'doctor',
  usage: '[--json]',
  summary: 'look for what keeps logins from working; exits with 1 when there is a problem',
  positionals: 0,
  flags: { ...configFlags, json: { type: 'boolean', help: 'print JSON' } },
  async act(flags, io) {
    const findings = await examine(flags, io);
    io.out(flags.switches.has('json') ? printJson(findings) : asText(findings));
    return findings.some(({ level }) => level === 'problem') ? 1 : 0;
  },
});

async function examine(flags: ParsedFlags, io: Io): Promise<Finding[]> {
  let config: Config;
  try {
    config = loadConfigWith(flags, io.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((text) => problem('configuration', text, 'correct it there'));
  }
  const file = flags.strings['config']?.at(-1) ?? variable(io.env, 'TSIDP_CONFIG');
  const api = openLocalApi(config, io);
  const state = examineState(config);
  const clients = [...declaredClients(config), ...state.clients];
  const peerClients = clients.filter(({ options }) => options.peer).map(({ id }) => id);
  try {
    return [
      ok('configuration', `${file ?? 'without a file'}: ${config.clients.length} apps`),
      ...fileFindings(privateFiles(config, file)),
      state.finding,
      ...(state.isSound ? await auditFindings(databasePath(config.stateDirectory)) : []),
      ...sinkFindings(config.audit),
      ...registrationFindings({ ...config, peerClients }),
      ...(await documentFindings(config, resolve)),
      ...(await tailnetFindings(config, api, { ...state, clients })),
    ];
  } finally {
    api.close();
  }
}

function privateFiles(config: Config, file: string | undefined): PrivateFile[] {
  const database = databasePath(config.stateDirectory);
  return [
    ...(file === undefined ? [] : configurationFiles(file)),
    { path: config.stateDirectory, what: 'the state directory', secret: true },
    ...[database, `${database}-wal`, join(config.stateDirectory, 'tailscaled.state')].map(
      (path) => ({ path, what: 'the state file', secret: true }),
    ),
  ];
}

/** The database, and what its clock said last. */
function examineState({ stateDirectory }: Config): State {
  const path = databasePath(stateDirectory);
  const nothing = { isSound: false, witnesses: [], clients: [] };
  try {
    const facts = inspectDatabase(path);
    if (!facts) return { ...nothing, finding: ok('state', `${path} is made at the first start`) };
    const { sizeBytes, lastAuditSeconds: atSeconds } = facts;
    const what = 'the last audit record was written';
    return {
      finding: ok('state', `${path} is sound, ${Math.ceil(sizeBytes / 1024)} KiB`),
      isSound: true,
      witnesses: atSeconds === undefined ? [] : [{ what, atSeconds }],
      clients: inspectClients(path),
    };
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    const remedy = isClosed(error.cause)
      ? "run this as the daemon's user or as root"
      : 'restore a backup (docs/deployment.md); nothing was changed';
    return { ...nothing, finding: problem('state', error.message, remedy) };
  }
}

interface State {
  readonly finding: Finding;
  /** There is a database, and it can be read. */
  readonly isSound: boolean;
  readonly witnesses: readonly Witness[];
  readonly clients: readonly InspectedClient[];
}

function declaredClients({ clients }: Config): InspectedClient[] {
  return clients.map(clientFromConfig);
}

async function tailnetFindings(
  config: Config,
  api: LocalApi,
  { witnesses: own, clients }: Pick<State, 'witnesses' | 'clients'>,
): Promise<Finding[]> {
  try {
    const live = await readLiveTailnet(api, config);
    const isManaged = config.tailscaled.managed !== undefined;
    const node = nodeFindings(live.status, { cli: api.cli, isManaged });
    const clock = clockFinding(systemClock.nowSeconds(), [...own, ...joined(live)]);
    if (live.status.backendState !== 'Running') return [...node, clock];
    return [
      ...node,
      clock,
      ...(await listenerFindings({ config, node: live.status, api, clock: systemClock })),
      ...trustFindings(config, live.peers),
      ...clientFindings({ clients, peers: [{ ...live.status, sharee: false }, ...live.peers] }),
      ...(await policyFindings(config, live, clients)),
      ...(await publishedFindings(config, live)),
    ];
  } catch (error) {
    if (!(error instanceof LocalApiError)) throw error;
    const remedy = 'start tailscaled, or name its socket (--tailscaled-socket)';
    return [problem('tailscaled', error.message, remedy)];
  }
}

function joined({ peers }: LiveTailnet): Witness[] {
  return peers.map(({ name, createdSeconds }) => ({
    what: `${name} joined the tailnet`,
    atSeconds: createdSeconds,
  }));
}

async function policyFindings(
  config: Config,
  live: LiveTailnet,
  known: readonly InspectedClient[],
): Promise<Finding[]> {
  const asked: AskedPeer[] = [];
  for (const { name, login, tags, addresses } of live.peers.slice(0, maxPeers)) {
    const [address] = addresses;
    if (address === undefined) continue;
    const who = login ?? (tags.length > 0 ? tags.join(',') : name);
    asked.push({ who, identified: await live.identifyAt(address) });
  }
  const { access, clients, capabilityScopes } = config;
  const people = {
    peers: asked,
    left: Math.max(0, live.peers.length - maxPeers),
    capabilityScopes,
  };
  const needsGrants = [access, ...clients.map((client) => client.access)].includes('granted');
  const resources = createResources(config.resources);
  return [
    ...ruleFindings({ ...people, needsGrants }),
    ...visibleGroupsFindings({ status: live.status, peers: asked, clients: known }),
    ...resourceFindings({ ...people, resources, clients: known }),
  ];
}

/** What resources say of themselves. */
async function publishedFindings(config: Config, live: LiveTailnet): Promise<Finding[]> {
  const issuer = expectedIssuer(config, live.status);
  if (issuer === undefined) return [];
  const fetch = createOutgoingFetch({ allowedHosts: [], timeoutMs: documentTimeoutMs });
  return resourceDocumentFindings({ resources: config.resources, issuer, fetch });
}

const marks = { ok: 'ok', warning: 'WARNING', problem: 'PROBLEM' } as const;

function asText(findings: readonly Finding[]): string {
  const lines = findings.flatMap(({ level, topic, text, remedy }) => [
    `${marks[level].padEnd(8)} ${topic}: ${text}`,
    ...(remedy === undefined ? [] : [`${' '.repeat(9)}→ ${remedy}`]),
  ]);
  const problems = findings.filter(({ level }) => level === 'problem').length;
  const warnings = findings.filter(({ level }) => level === 'warning').length;
  lines.push('', `${problems} problems, ${warnings} warnings`);
  return `${lines.map(printable).join('\n')}\n`;
}
