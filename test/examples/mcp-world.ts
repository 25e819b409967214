import { startMcpServer } from '../../examples/mcp-server/server.ts';
import { allowInPolicy } from '../world/allow.ts';
import { freePort, startWorld } from '../world/world.ts';
import { mcpClient } from './mcp-client.ts';

export const folder = new URL('../../examples/mcp-server/files', import.meta.url).pathname;

export interface McpWorld extends AsyncDisposable {
  readonly issuer: string;
  /** Of the MCP server. */
  readonly url: string;
  /** What it wrote about calls, line by line; tests may empty it. */
  readonly lines: string[];
  readonly calls: () => Record<string, unknown>[];
  /** The scopes of alice from now on; bob always has read_file. */
  allow(alice: readonly string[]): void;
}

/** A tailnet, the daemon and the example MCP server that it gives tokens for. */
export async function startMcpWorld(): Promise<McpWorld> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/mcp`;
  const world = await startWorld({
    whoisCacheSeconds: 0,
    clients: [mcpClient],
    resources: [
      {
        uri: url,
        scopes: { read_file: 'Read the files of the example', run_code: 'Run code' },
        claims: ['email'],
      },
    ],
  });
  const lines: string[] = [];
  const { issuer } = world;
  const log = (line: string): void => {
    lines.push(line);
  };
  const server = await startMcpServer({ issuer, url, host: '127.0.0.1', port, folder, log });
  return {
    issuer,
    url,
    lines,
    calls: () => lines.map((line) => JSON.parse(line)),
    allow: (alice) =>
      allowInPolicy(world.simulator, [
        { src: ['alice@example.com'], scopes: [{ resource: url, scopes: alice }] },
        { src: ['bob@example.com'], scopes: [{ resource: url, scopes: ['read_file'] }] },
      ]),
    async [Symbol.asyncDispose]() {
      await server.close();
      await world[Symbol.asyncDispose]();
    },
  };
}

/** A call as clients of 2025 made it, without a handshake. */
export function call(
  url: string,
  token: string,
  [tool, args]: readonly [string, object],
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${token}`,
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      ...headers,
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: tool, arguments: args },
    }),
  });
}
