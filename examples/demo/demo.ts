import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/config.ts';
import { type Daemon, startDaemon } from '../../src/daemon/daemon.ts';
import { createLogger } from '../../src/log.ts';
import { realMissMs, Simulator } from '../../src/simulator/server.ts';
import { startApp } from '../web-app/app.ts';

export interface DemoOptions {
  /** The provider's port; the app has the next one, the MCP server (examples/mcp-server) the one after. */
  readonly port: number;
  /** Where the provider keeps its state; undefined: in a temporary directory that goes with the demo. */
  readonly stateDirectory: string | undefined;
  /** Aborted when the start is to be given up. */
  readonly signal: AbortSignal;
}

export interface Demo {
  readonly issuer: string;
  readonly appUrl: string;
  /** Of the MCP server, which is started by itself. */
  readonly mcpUrl: string;
  readonly stateDirectory: string;
  /** The tailnet, to be changed while the demo runs. */
  readonly simulator: Simulator;
  close(): Promise<void>;
}

// Identities follow from source addresses that any local process may choose: never another address than loopback.
const host = '127.0.0.1';
const tailnetFile = join(import.meta.dirname, 'tailnet.jsonc');
/** The MCP server as the file's grants name it. */
const mcpOfFile = 'http://127.0.0.1:4402/mcp';

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

  const mcpUrl = `http://${host}:${port + 2}/mcp`;
  const tailnet = mcpUrl === mcpOfFile ? tailnetFile : join(scratch, 'tailnet.jsonc');
  if (tailnet !== tailnetFile) {
    const text = await readFile(tailnetFile, 'utf8');
    await writeFile(tailnet, text.replaceAll(mcpOfFile, mcpUrl));
  }
  const simulator = await Simulator.start({ tailnet, socketPath });
  simulator.missMs = realMissMs;
  undo.defer(() => simulator.stop());
  const app = await startApp({
    issuer: `http://${host}:${port}`,
    clientId: client.id,
    clientSecret: client.secret,
    host,
    port: port + 1,
  });
  undo.defer(() => app.close());
  const daemon = await startProvider(
    port,
    socketPath,
    state,
    { client, appUrl: app.url, mcpUrl },
    signal,
  );
  undo.defer(() => daemon.close());

  const everything = undo.move();
  return {
    issuer: daemon.issuer,
    appUrl: app.url,
    mcpUrl,
    stateDirectory: state,
    simulator,
    close: () => everything.disposeAsync(),
  };
}

interface Credentials {
  readonly id: string;
  readonly secret: string;
}

/** The daemon as an operator configures it: what the file leaves out has its defaults. */
async function startProvider(
  port: number,
  socket: string,
  stateDirectory: string,
  { client, appUrl, mcpUrl }: { client: Credentials; appUrl: string; mcpUrl: string },
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
      {
        id: 'terminal',
        name: 'Demo terminal',
        grantTypes: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
      },
    ],
    resources: [
      {
        uri: mcpUrl,
        name: 'Example MCP server',
        scopes: {
          read_file: 'Read the files of the example',
          run_code: 'Run code in the example',
        },
        claims: ['email'],
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
