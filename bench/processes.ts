import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { statfsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { TailnetInput } from '../src/simulator/tailnet.ts';
import { type ListenerKind, type Way, wayTo } from './way.ts';

export type Algorithm = 'RS256' | 'ES256';

export interface Client {
  readonly id: string;
  readonly secret: string;
  readonly redirectUri: string;
  readonly algorithm: Algorithm;
}

export interface Bench extends AsyncDisposable {
  readonly way: Way;
  readonly client: Client;
  /** Of the daemon. */
  readonly pid: number;
  /** From the daemon's beginning to its first green `/readyz`. */
  readonly startToReadyMs: number;
  readonly stateDirectory: string;
  /** Has the daemon ended? */
  hasEnded(): boolean;
}

export interface BenchOptions {
  readonly algorithm: Algorithm;
  readonly listener: ListenerKind;
  /** Where the daemon writes a CPU profile when it ends; undefined: none. */
  readonly profileDirectory: string | undefined;
  /** More of the configuration. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Whose tailscaled is simulated; default: the demo's. */
  readonly tailnet?: TailnetInput;
  /** What the daemon prints; default: it goes to our standard error. */
  readonly onLog?: (chunk: Buffer) => void;
}

const root = join(import.meta.dirname, '..');
const host = '127.0.0.1';
const readyLimitMs = 20_000;
const endLimitMs = 15_000;

/** The daemon on a fresh state directory on disk, and a simulated tailscaled beside it: one process each. */
export async function startBench({
  algorithm,
  listener,
  profileDirectory,
  settings,
  tailnet,
  onLog,
}: BenchOptions): Promise<Bench> {
  await using undo = new AsyncDisposableStack();
  const directory = await mkdtemp(join(diskDirectory(), 'tsidp-bench-'));
  undo.defer(() => rm(directory, { recursive: true, force: true }));

  const socket = join(directory, 'tailscaled.sock');
  const tailnetFile =
    tailnet === undefined
      ? join(root, 'examples/demo/tailnet.jsonc')
      : join(directory, 'tailnet.json');
  if (tailnet !== undefined) await writeFile(tailnetFile, JSON.stringify(tailnet));
  const simulator = start(['src/simulator/main.ts', '--tailnet', tailnetFile, '--socket', socket]);
  undo.defer(() => end(simulator));
  await printed(simulator, 'ready');

  const client: Client = {
    id: 'bench',
    secret: 'bench-secret-that-is-long-enough-000',
    redirectUri: 'https://app.test/callback',
    algorithm,
  };
  const stateDirectory = join(directory, 'state');
  const way = wayTo(listener, await freePort(), stateDirectory);
  for (const [name, text] of Object.entries(way.files)) {
    await writeFile(join(directory, name), text);
  }
  const config = join(directory, 'tsidp.json');
  const written = { ...configOf({ stateDirectory, socket, way, client }), ...settings };
  await writeFile(config, JSON.stringify(written));

  const startMs = performance.now();
  const daemon = start([
    ...(profileDirectory === undefined
      ? []
      : ['--cpu-prof', '--cpu-prof-interval=500', `--cpu-prof-dir=${profileDirectory}`]),
    ...(await startArguments()),
    '--config',
    config,
  ]);
  if (onLog) daemon.stdout?.on('data', onLog);
  else daemon.stdout?.pipe(process.stderr);
  undo.defer(() => end(daemon));
  await ready(way, daemon);
  const startToReadyMs = performance.now() - startMs;

  const everything = undo.move();
  return {
    way,
    client,
    pid: daemon.pid as number,
    startToReadyMs,
    stateDirectory,
    hasEnded: () => daemon.exitCode !== null || daemon.signalCode !== null,
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}

function configOf(parts: { stateDirectory: string; socket: string; way: Way; client: Client }) {
  const { stateDirectory, socket, way, client } = parts;
  return {
    issuer: way.issuer,
    stateDirectory,
    tailscaled: { socket },
    listen: way.listen,
    log: { level: 'warn' },
    // one device logs in, refreshes and exchanges as quickly as it can
    limits: { authorizationsPerMinute: 1_000_000, tokensPerMinute: 1_000_000 },
    clients: [
      {
        id: client.id,
        secret: client.secret,
        redirectUris: [client.redirectUri],
        idTokenAlgorithm: client.algorithm,
      },
    ],
  };
}

/** A directory whose files reach a disk: `/tmp` is memory on many systems, and there durability costs nothing. */
function diskDirectory(): string {
  const memoryTypes = [0x01021994, 0x858458f6]; // tmpfs, ramfs
  const isMemory = memoryTypes.includes(statfsSync(tmpdir()).type);
  return isMemory ? '/var/tmp' : tmpdir();
}

/** What `npm start` hands to Node, so that the daemon is measured as operators run it. */
async function startArguments(): Promise<string[]> {
  const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const [, line] = /^exec node (.+)$/.exec(scripts.start) ?? [];
  if (line === undefined) throw new Error(`can't read npm's start script: ${scripts.start}`);
  return line.split(' ');
}

function start(argv: readonly string[]): ChildProcess {
  return spawn(process.execPath, argv, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
}

async function printed(child: ChildProcess, line: string): Promise<void> {
  let text = '';
  for await (const chunk of child.stdout ?? []) {
    text += chunk;
    if (text.split('\n').includes(line)) return;
  }
  throw new Error(`ended before it was ready: ${text}`);
}

async function ready(way: Way, daemon: ChildProcess): Promise<void> {
  const limitMs = performance.now() + readyLimitMs;
  while (!(await isGreen(way))) {
    if (daemon.exitCode !== null) throw new Error(`the daemon ended with ${daemon.exitCode}`);
    if (performance.now() > limitMs) throw new Error(`not ready within ${readyLimitMs} ms`);
    await pause(5);
  }
}

function isGreen({ request, options, headers }: Way): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const sent = request({ ...options, path: '/readyz', headers, agent: false }, (response) => {
    response.resume();
    resolve(response.statusCode === 200);
  });
  sent.end();
  sent.on('error', () => resolve(false));
  return promise;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), endLimitMs);
  await exit;
  clearTimeout(timer);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('no port is free');
  return address.port;
}
