import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/clock.ts';
import { loadConfig } from '../../src/config.ts';
import { type Daemon, startDaemon } from '../../src/daemon.ts';
import { createLogger } from '../../src/log.ts';
import { Simulator } from '../../src/simulator/server.ts';
import { startApp } from '../web-app/app.ts';

export interface DemoOptions {
  /** The provider's port; the app has the next one. */
  readonly port: number;
  /** Where the provider keeps its state; undefined: in a temporary directory that goes with the demo. */
  readonly stateDirectory: string | undefined;
  /** Aborted when the start is to be given up. */
  readonly signal: AbortSignal;
}

export interface Demo {
  readonly issuer: string;
  readonly appUrl: string;
  readonly stateDirectory: string;
  /** The tailnet, to be changed while the demo runs. */
  readonly simulator: Simulator;
  close(): Promise<void>;
}

// Identities follow from source addresses that any local process may choose: never another address than loopback.
const host = '127.0.0.1';
const tailnetFile = join(import.meta.dirname, 'tailnet.jsonc');

/**
 * A simulated tailnet, the provider and an app that signs in through it, in this process.
 * @throws when a port is taken or the state can't be used; nothing is left running
 */
export async function startDemo({ port, stateDirectory, signal }: DemoOptions): Promise<Demo> {
  await using undo = new AsyncDisposableStack();
  const scratch = await mkdtemp(join(tmpdir(), 'tsidp-demo-'));
  undo.defer(() => rm(scratch, { recursive: true, force: true }));
  const socketPath = join(scratch, 'tailscaled.sock');
  const state = stateDirectory ?? join(scratch, 'state');
  const client = { id: 'demo', secret: randomBytes(32).toString('base64url') };

  const simulator = await Simulator.start({ tailnet: tailnetFile, socketPath });
  undo.defer(() => simulator.stop());
  const app = await startApp({
    issuer: `http://${host}:${port}`,
    clientId: client.id,
    clientSecret: client.secret,
    host,
    port: port + 1,
  });
  undo.defer(() => app.close());
  const daemon = await startProvider(port, socketPath, state, client, app.url, signal);
  undo.defer(() => daemon.close());

  const everything = undo.move();
  return {
    issuer: daemon.issuer,
    appUrl: app.url,
    stateDirectory: state,
    simulator,
    close: () => everything.disposeAsync(),
  };
}

/** The daemon as an operator configures it: what the file leaves out has its defaults. */
async function startProvider(
  port: number,
  socket: string,
  stateDirectory: string,
  client: { id: string; secret: string },
  appUrl: string,
  signal: AbortSignal,
): Promise<Daemon> {
  const file = {
    issuer: `http://${host}:${port}`,
    stateDirectory,
    tailscaled: { socket },
    listen: { type: 'demo', hosts: [host], port },
    log: { level: 'warn' },
    clients: [
      {
        ...client,
        name: 'Demo app',
        redirectUris: [`${appUrl}/callback`],
        postLogoutRedirectUris: [`${appUrl}/signed-out`],
      },
    ],
  };
  const config = loadConfig({
    argv: ['--config', 'demo.json'],
    env: {},
    readFile: () => JSON.stringify(file),
  });
  const log = createLogger({ level: config.log.level });
  return startDaemon(config, { clock: systemClock, log, socket, signal });
}
