import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Simulator } from '../../src/simulator/server.ts';
import { until } from './until.ts';
import { clients, freePort, tailnetFile } from './world.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One run of the real daemon. */
export interface Run {
  readonly pid: number;
  /** Until it said that it is ready. */
  readonly startMs: number;
  readonly out: () => string;
  readonly err: () => string;
  readonly exited: Promise<Exit>;
  kill(signal: NodeJS.Signals): Promise<Exit>;
}

/** A state directory and a tailnet that the daemon is started on, as a process of its own, again and again. */
export interface Site extends AsyncDisposable {
  readonly directory: string;
  readonly stateDirectory: string;
  readonly issuer: string;
  readonly simulator: Simulator;
  /** @throws Error with its last words when it ends before it is ready */
  start(): Promise<Run>;
  /** Of all that run, ready or not. */
  pids(): readonly number[];
  /** Starts one that is expected to refuse; its exit and last words. @param port another than the site's own */
  startInVain(port?: number): Promise<Exit & { err: string }>;
}

export async function openSite(overrides: Record<string, unknown> = {}): Promise<Site> {
  const directory = await mkdtemp(join(tmpdir(), 'tsidp-process-'));
  const socketPath = join(directory, 'tailscaled.sock');
  const simulator = await Simulator.start({ tailnet: tailnetFile, socketPath });
  const stateDirectory = join(directory, 'state');
  const ownPort = await freePort();
  const children = new Set<ChildProcess>();

  const launch = async (port: number) => {
    const file = join(directory, `tsidp-${port}.jsonc`);
    const config = {
      stateDirectory,
      tailscaled: { socket: socketPath },
      listen: { type: 'demo', hosts: ['127.0.0.1'], port },
      clients,
      ...overrides,
    };
    await writeFile(file, JSON.stringify(config));
    const child = spawn(process.execPath, [main, '--config', file], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] },
    });
    children.add(child);
    const said = { out: '', err: '' };
    child.stdout.on('data', (chunk) => {
      said.out += String(chunk);
    });
    child.stderr.on('data', (chunk) => {
      said.err += String(chunk);
    });
    const exited = once(child, 'close').then(([code, signal]): Exit => {
      children.delete(child);
      return { code, signal };
    });
    return { child, said, exited };
  };

  return {
    directory,
    stateDirectory,
    simulator,
    issuer: `http://127.0.0.1:${ownPort}`,
    async start() {
      const begun = performance.now();
      const { child, said, exited } = await launch(ownPort);
      await until('the daemon is ready or gone', () => isReady(said) || hasEnded(child), 15_000);
      if (!isReady(said)) throw new Error(`the daemon did not start: ${said.err}`);
      return {
        pid: child.pid ?? 0,
        startMs: performance.now() - begun,
        out: () => said.out,
        err: () => said.err,
        exited,
        kill(signal) {
          child.kill(signal);
          return exited;
        },
      };
    },
    pids: () => [...children].flatMap(({ pid }) => pid ?? []),
    async startInVain(port = ownPort) {
      const { child, said, exited } = await launch(port);
      await until('it is gone', () => hasEnded(child) || isReady(said), 15_000);
      if (!hasEnded(child)) {
        child.kill('SIGKILL');
        throw new Error('the daemon started all the same');
      }
      return { ...(await exited), err: said.err };
    },
    async [Symbol.asyncDispose]() {
      const ends = [...children].map((child) => once(child, 'close'));
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(ends);
      await simulator.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function isReady({ out }: { out: string }): boolean {
  return out.includes('"msg":"ready"');
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
