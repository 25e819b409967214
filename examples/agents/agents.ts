import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/config.ts';
import { startDaemon } from '../../src/daemon/daemon.ts';
import { createLogger } from '../../src/log.ts';
import { Simulator } from '../../src/simulator/server.ts';
import { startMcpServer } from '../mcp-server/server.ts';
import type { OrchestratorOptions } from './orchestrator.ts';
import { readFileThere } from './tool.ts';
import { startWorker } from './worker.ts';

export interface Agents extends AsyncDisposable {
  readonly issuer: string;
  readonly stateDirectory: string;
  readonly simulator: Simulator;
  /** What alice starts. */
  readonly orchestrator: OrchestratorOptions;
  /** Each call of a tool, as the MCP server logged it. */
  readonly calls: readonly string[];
  /** Every token that came to the tools, for those who look on. */
  readonly toolTokens: readonly string[];
}

const host = '127.0.0.1';
const addresses = { alice: '127.0.0.1', research: '127.0.0.21', coder: '127.0.0.22' };

/**
 * A simulated tailnet with the provider, two agents on machines of their own, and an MCP server, all in this process.
 * @param port of the provider; the next three are those of the agents and the MCP server
 */
export async function startAgents(port: number): Promise<Agents> {
  await using undo = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'tsidp-agents-'));
  undo.defer(() => rm(directory, { recursive: true, force: true }));
  const url = (offset: number, path = '') => `http://${host}:${port + offset}${path}`;
  const issuer = url(0);
  const research = url(1);
  const coder = url(2);
  const tools = url(3, '/mcp');

  const simulator = await Simulator.start({
    tailnet: await tailnetAt(directory, port),
    socketPath: join(directory, 'tailscaled.sock'),
  });
  undo.defer(() => simulator.stop());
  const client = { id: 'orchestrator', secret: randomBytes(32).toString('base64url') };
  const redirectUri = 'http://127.0.0.1/callback';
  const stateDirectory = join(directory, 'state');
  const scopes = { read_file: 'Read the files of the example' };
  const config = {
    issuer,
    stateDirectory,
    tailscaled: { socket: simulator.socketPath },
    listen: { type: 'demo', hosts: [host], port },
    log: { level: 'warn' },
    clients: [{ ...client, name: 'Orchestrator', redirectUris: [redirectUri] }],
    resources: [
      { uri: research, name: 'Research agent', scopes },
      { uri: coder, name: 'Coding agent', scopes },
      { uri: tools, name: 'Tools', scopes, claims: ['email'] },
    ],
  };
  const daemon = await startDaemon(
    loadConfig({
      argv: ['--config', 'agents.json'],
      env: {},
      readFile: () => JSON.stringify(config),
    }),
    {
      clock: systemClock,
      log: createLogger({ level: 'warn' }),
      socket: simulator.socketPath,
      signal: new AbortController().signal,
    },
  );
  undo.defer(() => daemon.close());

  const calls: string[] = [];
  const toolTokens: string[] = [];
  const folder = join(import.meta.dirname, '../mcp-server/files');
  const log = (line: string) => calls.push(line);
  const server = await startMcpServer({ issuer, url: tools, host, port: port + 3, folder, log });
  undo.defer(() => server.close());
  const second = await startWorker({
    issuer,
    url: coder,
    address: addresses.coder,
    next: tools,
    call: (token) => {
      toolTokens.push(token);
      return readFileThere(tools, token, 'welcome.md');
    },
  });
  undo.defer(() => second.close());
  const first = await startWorker({
    issuer,
    url: research,
    address: addresses.research,
    next: coder,
    call: (token) => callAgent(coder, token),
  });
  undo.defer(() => first.close());

  const everything = undo.move();
  return {
    issuer,
    stateDirectory,
    simulator,
    orchestrator: {
      issuer,
      clientId: client.id,
      clientSecret: client.secret,
      redirectUri,
      address: addresses.alice,
      agent: research,
    },
    calls,
    toolTokens,
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}

async function callAgent(agent: string, token: string): Promise<string> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(agent, { method: 'POST', headers });
  const body = (await answer.json()) as { text?: string; error?: string };
  if (body.text === undefined) throw new Error(body.error ?? `${agent} answered ${answer.status}`);
  return body.text;
}

/** The tailnet's file names the usual ports. */
async function tailnetAt(directory: string, port: number): Promise<string> {
  const text = await readFile(new URL('tailnet.jsonc', import.meta.url), 'utf8');
  const path = join(directory, 'tailnet.jsonc');
  const usual = 4410;
  await writeFile(
    path,
    text.replace(
      /127\.0\.0\.1:(441\d)/g,
      (_, written) => `${host}:${Number(written) - usual + port}`,
    ),
  );
  return path;
}
