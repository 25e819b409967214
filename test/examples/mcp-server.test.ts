import { createServer } from 'node:net';
import { DpopSession, UnauthorizedError } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type RunningMcpServer, startMcpServer } from '../../examples/mcp-server/server.ts';
import { allowInPolicy } from '../flow/allow.ts';
import { startWorld, type World } from '../flow/world.ts';
import { mcpClient, Person } from './mcp-client.ts';

const folder = new URL('../../examples/mcp-server/files', import.meta.url).pathname;
let world: World;
let server: RunningMcpServer;
let url: string;
const lines: string[] = [];
const calls = (): Record<string, unknown>[] => lines.map((line) => JSON.parse(line));

beforeAll(async () => {
  const port = await freePort();
  url = `http://127.0.0.1:${port}/mcp`;
  world = await startWorld({
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
  const log = (line: string): void => {
    lines.push(line);
  };
  server = await startMcpServer({
    issuer: world.issuer,
    url,
    host: '127.0.0.1',
    port,
    folder,
    log,
  });
});
afterAll(async () => {
  await server.close();
  await world[Symbol.asyncDispose]();
});
beforeEach(() => {
  lines.length = 0;
  allow(['read_file', 'run_code']);
});

function allow(alice: readonly string[]): void {
  allowInPolicy(world.simulator, [
    { src: ['alice@example.com'], scopes: [{ resource: url, scopes: alice }] },
    { src: ['bob@example.com'], scopes: [{ resource: url, scopes: ['read_file'] }] },
  ]);
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

const textOf = ({ content }: { content?: unknown }): unknown =>
  (content as { text: string }[] | undefined)?.[0]?.text;

describe('the official client', () => {
  test('finds the provider by itself, logs in without a click, and calls what alice may', async () => {
    const alice = new Person('127.0.0.1');
    const client = await alice.connect(url);
    expect(alice.askedFor).toEqual(['read_file']);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(['read_file', 'run_code']);
    const read = await client.callTool({ name: 'read_file', arguments: { name: 'planets.csv' } });
    expect(textOf(read)).toMatch(/^planet,/);
    expect(calls()).toEqual([
      {
        time: expect.any(String),
        tool: 'read_file',
        outcome: 'done',
        subject: 'userid:1',
        login: 'alice@example.com',
        client: 'mcp-client',
        actors: [],
      },
    ]);
    await client.close();
  });

  test('asks for the other scope when a tool needs it, and keeps the first (step-up)', async () => {
    const alice = new Person('127.0.0.1');
    const client = await alice.connect(url);
    const run = { name: 'run_code', arguments: { code: '(1 + 2) * 3.5' } };
    await expect(client.callTool(run)).rejects.toThrow(UnauthorizedError);
    expect(alice.askedFor).toEqual(['read_file', 'read_file run_code']);
    await alice.finish(url);
    expect(textOf(await client.callTool(run))).toBe('10.5');
    const read = await client.callTool({ name: 'read_file', arguments: { name: 'welcome.md' } });
    expect(textOf(read)).toMatch(/^# Welcome/);
    expect(calls().map(({ tool, outcome }) => `${tool} ${outcome}`)).toEqual([
      'run_code insufficient_scope',
      'run_code done',
      'read_file done',
    ]);
  });

  test('T05 never gets what the policy does not grant bob', async () => {
    const bob = new Person('127.0.0.2');
    const client = await bob.connect(url);
    const run = { name: 'run_code', arguments: { code: '1' } };
    await expect(client.callTool(run)).rejects.toThrow(UnauthorizedError);
    await bob.finish(url);
    expect(bob.tokens?.scope?.split(' ')).not.toContain('run_code');
    await expect(client.callTool(run)).rejects.toThrow();
    expect(calls().map(({ subject, outcome }) => `${subject} ${outcome}`)).not.toContain(
      'userid:2 done',
    );
    const read = await client.callTool({ name: 'read_file', arguments: { name: 'welcome.md' } });
    expect(textOf(read)).toMatch(/^# Welcome/);
  });

  test('binds its token to a key where it can (DPoP), and a thief of the token gets nothing', async () => {
    const alice = new Person('127.0.0.1', await DpopSession.create());
    const client = await alice.connect(url);
    const read = { name: 'read_file', arguments: { name: 'welcome.md' } };
    expect(textOf(await client.callTool(read))).toMatch(/^# Welcome/);
    expect(alice.tokens?.token_type).toBe('DPoP');
    const stolen = await call(alice.tokens?.access_token ?? '', 'read_file', read.arguments);
    expect(stolen.status).toBe(401);
    expect(stolen.headers.get('www-authenticate')).toMatch(/send it as DPoP/);
  });

  test('T06 cannot use its token at another resource', async () => {
    const alice = new Person('127.0.0.1');
    await alice.connect(url);
    const token = alice.tokens?.access_token ?? '';
    const other = `${url}/other`;
    const port = await freePort();
    const strict = await startMcpServer({
      issuer: world.issuer,
      url: other,
      host: '127.0.0.1',
      port,
      folder,
      log: () => {},
    });
    const answer = await fetch(`http://127.0.0.1:${port}/mcp/other`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: '{}',
    });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toMatch(/another resource/);
    await strict.close();
  });
});

/** A call as clients of 2025 made it, without a handshake. */
async function call(token: string, name: string, args: object, headers: object = {}) {
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
      params: { name, arguments: args },
    }),
  });
}

describe('at the level of HTTP', () => {
  let token: string;
  beforeAll(async () => {
    const bob = new Person('127.0.0.2');
    allow([]);
    await bob.connect(url);
    token = bob.tokens?.access_token ?? '';
  });

  test('a missing scope is a 403 with the challenge of the specification', async () => {
    const answer = await call(token, 'run_code', { code: '1' });
    expect(answer.status).toBe(403);
    const challenge = answer.headers.get('www-authenticate') ?? '';
    expect(challenge).toContain('error="insufficient_scope"');
    expect(challenge).toContain('scope="read_file run_code"');
    const document = new URL('/.well-known/oauth-protected-resource/mcp', url).href;
    expect(challenge).toContain(`resource_metadata="${document}"`);
  });

  test.each([
    '../main.ts',
    '/etc/passwd',
    '..%2fmain.ts',
    'files/../../main.ts',
    '.',
    '',
    'planets.csv\0',
  ])('read_file reads nothing but its files: %j', async (name) => {
    const body = await (await call(token, 'read_file', { name })).text();
    expect(body).toContain('There is no such file. Files: planets.csv, welcome.md');
  });

  test('a page of elsewhere and a foreign Host are refused, the Inspector is not', async () => {
    const name = { name: 'welcome.md' };
    const evil = await call(token, 'read_file', name, { Origin: 'https://evil.test' });
    expect(evil.status).toBe(403);
    const page = await call(token, 'read_file', name, { Origin: 'http://localhost:6274' });
    expect(page.status).toBe(200);
    expect(page.headers.get('access-control-allow-origin')).toBe('http://localhost:6274');
    const asked = await fetch(url, {
      method: 'OPTIONS',
      headers: { Origin: 'http://localhost:6274', 'Access-Control-Request-Method': 'POST' },
    });
    expect(asked.status).toBe(204);
    expect(asked.headers.get('access-control-allow-headers')).toMatch(/Authorization/);
  });

  test('T22 no token is ever written down', async () => {
    await call(token, 'read_file', { name: 'welcome.md' });
    await call(token, 'run_code', { code: '1' });
    expect(lines).toHaveLength(2);
    expect(lines.join('')).not.toContain(token.slice(0, 20));
    expect(calls()[0]).toMatchObject({ subject: 'userid:2', login: 'bob@example.com' });
  });

  test('T14 a body beyond 64 KiB is refused', async () => {
    const answer = await call(token, 'run_code', { code: 'x'.repeat(70_000) });
    expect(answer.status).toBe(413);
  });
});
