import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { systemClock } from '../../../src/clock.ts';
import { loadConfig } from '../../../src/config/config.ts';
import { startDaemon } from '../../../src/daemon/daemon.ts';
import { createLogger } from '../../../src/log.ts';
import { Simulator } from '../../../src/simulator/server.ts';
import type { NodeInput, TailnetInput } from '../../../src/simulator/tailnet.ts';
import { clients, freePort } from '../../world/world.ts';

const terminal = {
  id: 'terminal',
  grantTypes: ['urn:ietf:params:oauth:grant-type:device_code'],
};
const apps = [...clients, terminal];

/**
 * The tailnet of the listeners' tests. `loopback` is where a node's connections come from on this machine, for
 * listeners that look at the socket; nobody has 127.0.0.1, where local programs and tailscaled's own connections
 * come from.
 */
const nodes: Record<string, NodeInput> = {
  idp: { ...at(2), tags: ['tag:idp'] },
  alice: { ...at(3), user: 'alice@example.com' },
  bob: { ...at(4), user: 'bob@example.com' },
  ci: { ...at(5), tags: ['tag:ci'] },
  carol: { ...at(6), user: 'carol@example.com', expired: true },
  proxy: { ...at(8), tags: ['tag:proxy'] },
  mallory: { ...at(7), user: 'mallory@elsewhere.example', sharee: true },
};

function at(last: number) {
  return {
    id: String(last),
    addresses: [`100.64.0.${last}`, `fd7a:115c:a1e0::${last}`],
    loopback: `127.0.0.1${last}`,
  };
}

export const tailnet: TailnetInput = {
  tailnet: 'tailnet.test',
  self: 'idp',
  status: { tun: false },
  users: {
    'alice@example.com': { id: '1' },
    'bob@example.com': { id: '2' },
    'carol@example.com': { id: '3' },
    'mallory@elsewhere.example': { id: '4' },
  },
  nodes,
};

export interface ListenerWorld extends AsyncDisposable {
  readonly simulator: Simulator;
  readonly issuer: string;
  readonly urls: readonly string[];
  readonly stateDirectory: string;
  readonly logged: () => string;
  /** What `main.ts` logs at the start. */
  readonly warnings: readonly string[];
  close(): Promise<void>;
}

interface WorldOptions {
  readonly tailnet?: TailnetInput;
  /** Before the daemon starts. */
  readonly prepare?: (simulator: Simulator) => void;
}

/** A daemon in this process that listens as configured, and a tailscaled for it. */
export async function startListening(
  config: Record<string, unknown>,
  options: WorldOptions = {},
): Promise<ListenerWorld> {
  await using undo = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'tsidp-listen-'));
  undo.defer(() => rm(directory, { recursive: true, force: true }));
  const simulator = await Simulator.start({
    tailnet: options.tailnet ?? tailnet,
    socketPath: join(directory, 'tailscaled.sock'),
  });
  undo.defer(() => simulator.stop());
  options.prepare?.(simulator);
  const lines: string[] = [];
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const stateDirectory = join(directory, 'state');
  const written = { stateDirectory, clients: apps, limits: { drainSeconds: 1 }, ...config };
  const loaded = loadConfig({
    argv: ['--config', join(directory, 'tsidp.jsonc')],
    env: {},
    readFile: () => JSON.stringify(written),
  });
  const daemon = await startDaemon(loaded, {
    clock: systemClock,
    log: createLogger({ level: 'trace', destination }),
    socket: simulator.socketPath,
    signal: AbortSignal.timeout(20_000),
  });
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= daemon.close();
    return closing;
  };
  undo.defer(close);
  const everything = undo.move();
  return {
    simulator,
    issuer: daemon.issuer,
    urls: daemon.urls,
    stateDirectory,
    logged: () => lines.join(''),
    warnings: loaded.warnings,
    close,
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}

export const tailnetAddress = '127.0.0.20';
export const backchannelAddress = '127.0.0.21';

export interface Everywhere extends ListenerWorld {
  readonly ports: { readonly tailnet: number; readonly userspace: number; readonly back: number };
  readonly baseUrl: string;
}

export interface EverywhereOptions extends WorldOptions {
  readonly trustedProxies?: readonly string[];
}

/** One daemon with a listener of every kind but the demo's. */
export async function listenEverywhere(
  config: Record<string, unknown> = {},
  { trustedProxies = ['tag:proxy'], ...options }: EverywhereOptions = {},
): Promise<Everywhere> {
  const [tailnetPort, userspace, back] = await Promise.all([freePort(), freePort(), freePort()]);
  const baseUrl = `http://tsidp.internal:${back}`;
  const written = {
    ...config,
    issuer: `http://idp.tailnet.test:${tailnetPort}`,
    listen: [
      {
        type: 'tailnet',
        plainHttp: true,
        port: tailnetPort,
        addresses: [tailnetAddress],
        trustedProxies,
      },
      { type: 'serve', plainHttp: true },
      { type: 'userspace', plainHttp: true, port: userspace },
      { type: 'backchannel', address: backchannelAddress, port: back, baseUrl },
    ],
  };
  const world = await startListening(written, options);
  return { ...world, ports: { tailnet: tailnetPort, userspace, back }, baseUrl };
}
