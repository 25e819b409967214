import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { LogLevel } from '../log.ts';
import { type JsoncDocument, parseDocument, valueAt } from '../schema/document.ts';
import { schemaProblems } from '../schema/problems.ts';
import { type ClientConfig, toClient } from './client.ts';
import { checkChosenSecret } from './client-schema.ts';
import { configFlags } from './config-flags.ts';
import { crossProblems, readFailure, readSecretFiles } from './cross-check.ts';
import { type ParsedFlags, parseFlags } from './flags.ts';
import {
  type DemoListen,
  frontOf,
  type Listen,
  listenProblems,
  portProblems,
  toListeners,
} from './listen.ts';
import { isManaged, type ManagedConfig, managedOverrides, toManaged } from './managed.ts';
import { applyOverrides, collectOverrides, type Environment, variable } from './overrides.ts';
import { type DocumentSettings, readPinnedDocuments } from './pinned-documents.ts';
import { printProblem, type Sources } from './problems.ts';
import { type FileConfig, fileSchema } from './schema.ts';
import { noStateDirectory, stateDirectoryOf } from './state-directory.ts';
import { trustWarnings } from './trust.ts';
import {
  funnelOverride,
  localListeners,
  readUpstream,
  type Upstream,
  upstreamWarnings,
} from './upstream.ts';

/** What the daemon runs with: one file, then the environment, then flags, in rising order. */
export interface Config {
  /**
   * `https://host[:port]`, or `http://…` with plain HTTP, in normal form; undefined: take the DNS name that
   * tailscaled reports. Never undefined for the demo.
   */
  readonly issuer: string | undefined;
  /** Absolute. */
  readonly stateDirectory: string;
  readonly tailscaled: {
    readonly socket: string | undefined;
    /** A tailscaled that we run ourselves; undefined: the machine's. */
    readonly managed: ManagedConfig | undefined;
  };
  /** At least one that people can reach (`frontOf`). */
  readonly listen: readonly Listen[];
  readonly login: LoginMode;
  readonly access: 'open' | 'granted';
  readonly emailVerified: 'addresses' | 'always' | 'never';
  /** Undefined: as tsidp where it was taken over, else `issuer`. */
  readonly bareLoginEmail: 'login' | 'issuer' | 'none' | undefined;
  readonly allowForeignUsers: boolean;
  readonly allowSelf: boolean;
  readonly capabilityScopes: FileConfig['capabilityScopes'];
  readonly resources: FileConfig['resources'];
  readonly tokenExchange: FileConfig['tokenExchange'];
  readonly metadataDocuments: DocumentSettings;
  readonly whoisCacheSeconds: number;
  readonly staleNetworkMapSeconds: number;
  readonly registration: FileConfig['registration'];
  readonly consentDays: number;
  readonly lifetimes: FileConfig['lifetimes'];
  readonly limits: FileConfig['limits'];
  readonly log: { readonly level: LogLevel };
  /** Paths are absolute. */
  readonly audit: FileConfig['audit'];
  readonly clients: readonly ClientConfig[];
  /** What tsidp's own flags and variables ask for. */
  readonly upstream: Upstream;
  /** What has no meaning here, with what to do instead, and what is trusted; to be logged at start. */
  readonly warnings: readonly string[];
}

export type LoginMode = FileConfig['login'];

/** The message lists every problem, one a line: file and line, JSON path, value, remedy. It holds no secret. */
export class ConfigError extends Error {
  override name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[], options?: ErrorOptions) {
    const title = problems.length === 1 ? '' : `${problems.length} problems:\n`;
    super(`${title}${problems.join('\n')}`, options);
    this.problems = problems;
  }
}

type ReadFile = (path: string) => string;

export interface LoadOptions {
  readonly argv: readonly string[];
  readonly env: Environment;
  /** Reads a file as UTF-8; throws as `fs` does. */
  readonly readFile?: ReadFile | undefined;
}

/** @throws {ConfigError} with everything that is wrong, before anything is opened. */
export const loadConfig = ({ argv, env, readFile }: LoadOptions): Config => {
  const flags = parseFlags(argv, configFlags);
  const stray = flags.positionals.map((word) => `"${word}": takes no such argument; see --help`);
  // A word without a place is most often the value of a flag that there is not.
  const problems = flags.problems.length > 0 ? flags.problems : stray;
  if (problems.length > 0) throw new ConfigError(problems);
  return loadConfigWith(flags, env, readFile);
};

/** As `loadConfig`, for commands that have flags of their own beside `configFlags`. */
export const loadConfigWith = (
  flags: ParsedFlags,
  env: Environment,
  readFile: ReadFile = (path) => readFileSync(path, 'utf8'),
): Config => {
  const file = flags.strings['config']?.at(-1) ?? variable(env, 'TSIDP_CONFIG');
  const document = file === undefined ? undefined : readDocument(file, readFile);
  const upstream = readUpstream(env, flags);
  const hasFunnel = valueAt(document?.value, ['listen', 'funnel']) !== undefined;
  const overrides = [...collectOverrides(env, flags), ...funnelOverride(upstream, hasFunnel)];
  const relative = (path: string): string =>
    file === undefined ? resolve(path) : resolve(dirname(file), path);
  /** Paths in the file are relative to it, those of flags and environment to where the command runs. */
  const absolute = (given: string, ...path: string[]): string =>
    overrides.some((override) => String(override.path) === String(path))
      ? resolve(given)
      : relative(given);
  const plain = applyOverrides(document?.value ?? {}, overrides);
  const directory = stateDirectoryOf(valueAt(plain, ['stateDirectory']), env);
  const hasNode = () =>
    directory !== undefined &&
    existsSync(join(absolute(directory, 'stateDirectory'), 'tailscaled.state'));
  const managed = isManaged({ data: plain, read: upstream, overrides, hasNode });
  if (managed) overrides.push(...managedOverrides(upstream, env));
  const data = applyOverrides(plain, overrides);
  const sources: Sources = { file, document, overrides, data };

  const secretFiles = readSecretFiles(data, (path) => readFile(relative(path)), checkChosenSecret);
  const pinned = readPinnedDocuments(data, (path) => readFile(relative(path)));
  const parsed = fileSchema.safeParse(data);
  const problems = [
    ...(document?.problems ?? []),
    ...(parsed.success ? [] : schemaProblems(parsed.error)),
    ...crossProblems(data),
    ...listenProblems(data, overrides),
    ...secretFiles.problems,
    ...pinned.problems,
  ].map((problem) => printProblem(problem, sources));
  problems.push(...upstream.problems);
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  if (directory === undefined) throw new ConfigError([noStateDirectory]);

  const { tailscaled, clients, ...rest } = parsed.data;
  const listen = [
    ...toListeners(parsed.data.listen, rest.issuer, relative),
    ...localListeners(upstream),
  ];
  const shared = portProblems(listen).map((problem) => printProblem(problem, sources));
  if (shared.length > 0) throw new ConfigError(shared);
  const front = frontOf(listen);
  return {
    issuer: rest.issuer ?? (front.type === 'demo' ? demoIssuer(front) : undefined),
    stateDirectory: absolute(directory, 'stateDirectory'),
    tailscaled: {
      socket: tailscaled.socket,
      managed: managed
        ? toManaged(tailscaled, (path, member) => absolute(path, 'tailscaled', member))
        : undefined,
    },
    listen,
    login: rest.login,
    access: rest.access,
    emailVerified: rest.emailVerified,
    bareLoginEmail: rest.bareLoginEmail,
    allowForeignUsers: rest.allowForeignUsers,
    allowSelf: rest.allowSelf,
    capabilityScopes: rest.capabilityScopes,
    resources: rest.resources,
    tokenExchange: rest.tokenExchange,
    metadataDocuments: { ...rest.metadataDocuments, pinned: pinned.documents },
    whoisCacheSeconds: rest.whoisCacheSeconds,
    staleNetworkMapSeconds: rest.staleNetworkMapSeconds,
    registration: rest.registration,
    consentDays: rest.consentDays,
    lifetimes: rest.lifetimes,
    limits: rest.limits,
    log: rest.log,
    audit: { ...rest.audit, sink: sinkAt(rest.audit.sink, relative) },
    clients: clients.map((client, index) => toClient(client, secretFiles.secrets.get(index))),
    upstream: upstream.upstream,
    warnings: [
      ...upstreamWarnings(upstream, { managed }),
      ...trustWarnings(rest.allowSelf, listen),
    ],
  };
};

const sinkAt = (
  sink: FileConfig['audit']['sink'],
  relative: (path: string) => string,
): FileConfig['audit']['sink'] => (typeof sink === 'string' ? sink : { file: relative(sink.file) });

const readDocument = (file: string, readFile: ReadFile): JsoncDocument => {
  let text: string;
  try {
    text = readFile(file);
  } catch (error) {
    throw new ConfigError([`${file}: can't be read: ${readFailure(error)}`], { cause: error });
  }
  const document = parseDocument(text);
  if (document.syntaxErrors.length > 0) {
    throw new ConfigError(document.syntaxErrors.map((problem) => `${file}:${problem}`));
  }
  if (document.value === undefined) {
    throw new ConfigError([`${file}: is empty: write at least {}`]);
  }
  return document;
};

const demoIssuer = ({ hosts, port }: DemoListen): string => {
  const host = hosts[0] ?? '127.0.0.1';
  return new URL(`http://${host.includes(':') ? `[${host}]` : host}:${port}`).origin;
};
