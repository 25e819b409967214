import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pid } from 'node:process';
import { Writable } from 'node:stream';
import { threadId } from 'node:worker_threads';
import { systemClock } from '../../src/clock.ts';
import { type Config, loadConfig } from '../../src/config/config.ts';
import { type Daemon, startDaemon } from '../../src/daemon/daemon.ts';
import { createLogger } from '../../src/log.ts';
import { Simulator } from '../../src/simulator/server.ts';
import { Browser } from './browser.ts';

/** Clients that tests log in to. Redirect URIs lead nowhere: tests read the `Location` header. */
export const clients = [
  {
    id: 'grafana',
    name: 'Grafana',
    secret: 'grafana-secret-that-is-long-enough-0',
    redirectUris: ['https://grafana.test/login/generic_oauth', 'https://grafana.test/cb?tenant=7'],
    postLogoutRedirectUris: ['https://grafana.test/bye'],
  },
  {
    id: 'post',
    secret: 'post-secret-that-is-long-enough-0000',
    authMethod: 'client_secret_post',
    redirectUris: ['https://post.test/cb'],
  },
  { id: 'spa', name: 'Single page', redirectUris: ['https://spa.test/cb'] },
  { id: 'native', name: 'Command line', redirectUris: ['http://127.0.0.1/cb'] },
  {
    id: 'careful',
    name: 'Careful app',
    login: 'confirm',
    secret: 'careful-secret-that-is-long-enough',
    redirectUris: ['https://careful.test/cb'],
  },
  {
    id: 'es256',
    secret: 'es256-secret-that-is-long-enough-00',
    idTokenAlgorithm: 'ES256',
    redirectUris: ['https://es256.test/cb'],
  },
  {
    id: 'eddsa',
    secret: 'eddsa-secret-that-is-long-enough-00',
    idTokenAlgorithm: 'EdDSA',
    redirectUris: ['https://eddsa.test/cb'],
  },
];

/** The demo's tailnet: 127.0.0.1 alice, .2 bob, .3 a tagged machine, .4 a foreign user, .5 nobody, .6 expired. */
export const tailnetFile = new URL('../../examples/demo/tailnet.jsonc', import.meta.url).pathname;

export interface World extends AsyncDisposable {
  readonly simulator: Simulator;
  readonly issuer: string;
  readonly directory: string;
  /** Everything that the daemon logged. */
  readonly logged: () => string;
  readonly browser: (address?: string) => Browser;
  /** Ends the daemon (not tailscaled) and starts it again on the same state, with another configuration if given. */
  restart(overrides?: Record<string, unknown>): Promise<void>;
  /** The daemon goes on with the keys that are active in its store now. */
  turnKeys(): Promise<void>;
}

/** A tailnet and a daemon in this process, over real sockets, on a fresh state directory. */
export async function startWorld(overrides: Record<string, unknown> = {}): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'tsidp-flow-'));
  const simulator = await Simulator.start({
    tailnet: tailnetFile,
    socketPath: join(directory, 'tailscaled.sock'),
  });
  const port = await freePort();
  let config = configOf(directory, port, overrides);
  const lines: string[] = [];
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const start = (): Promise<Daemon> =>
    startDaemon(config, {
      clock: systemClock,
      log: createLogger({ level: 'trace', destination }),
      socket: simulator.socketPath,
      signal: new AbortController().signal,
    });
  let daemon = await start();
  return {
    simulator,
    issuer: daemon.issuer,
    directory,
    logged: () => lines.join(''),
    browser: (address) => new Browser(address),
    async restart(changed) {
      await daemon.close();
      if (changed) config = configOf(directory, port, changed);
      daemon = await start();
    },
    turnKeys: () => daemon.turnKeys(),
    async [Symbol.asyncDispose]() {
      await daemon.close();
      await simulator.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function configOf(directory: string, port: number, overrides: Record<string, unknown>): Config {
  const file = join(directory, 'tsidp.jsonc');
  const written = {
    stateDirectory: join(directory, 'state'),
    listen: { type: 'demo', hosts: ['127.0.0.1'], port },
    clients,
    ...overrides,
  };
  return loadConfig({
    argv: ['--config', file],
    env: {},
    readFile: () => JSON.stringify(written),
  });
}

/**
 * A port that nobody else gets before it is listened on: below those that the system gives out by itself, and from
 * a range that is this process's own.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = nextPort;
    nextPort = port < 29_999 ? port + 1 : firstPort;
    if (await isFree(port)) return port;
  }
}

const firstPort = 11_000;
let nextPort = firstPort + ((pid * 64 + threadId * 16) % 19_000);

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  server.once('error', () => resolve(false));
  server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  return promise;
}
