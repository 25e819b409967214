import { DpopSession, UnauthorizedError } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startMcpServer } from '../../examples/mcp-server/server.ts';
import { freePort } from '../world/world.ts';
import { Person } from './mcp-client.ts';
import { call, folder, type McpWorld, startMcpWorld } from './mcp-world.ts';

let world: McpWorld;
beforeAll(async () => {
  world = await startMcpWorld();
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(() => {
  world.lines.length = 0;
  world.allow(['read_file', 'run_code']);
});

const textOf = ({ content }: { content?: unknown }): unknown =>
  (content as { text: string }[] | undefined)?.[0]?.text;

describe('the official client', () => {
  test('finds the provider by itself, logs in without a click, and calls what alice may', async () => {
    const alice = new Person('127.0.0.1');
    const client = await alice.connect(world.url);
    expect(alice.askedFor).toEqual(['read_file']);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(['read_file', 'run_code']);
    const read = await client.callTool({ name: 'read_file', arguments: { name: 'planets.csv' } });
    expect(textOf(read)).toMatch(/^planet,/);
    expect(world.calls()).toEqual([
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
    const client = await alice.connect(world.url);
    const run = { name: 'run_code', arguments: { code: '(1 + 2) * 3.5' } };
    await expect(client.callTool(run)).rejects.toThrow(UnauthorizedError);
    expect(alice.askedFor).toEqual(['read_file', 'read_file run_code']);
    await alice.finish(world.url);
    expect(textOf(await client.callTool(run))).toBe('10.5');
    const read = await client.callTool({ name: 'read_file', arguments: { name: 'welcome.md' } });
    expect(textOf(read)).toMatch(/^# Welcome/);
    expect(world.calls().map(({ tool, outcome }) => `${tool} ${outcome}`)).toEqual([
      'run_code insufficient_scope',
      'run_code done',
      'read_file done',
    ]);
  });

  test('T05 never gets what the policy does not grant bob', async () => {
    const bob = new Person('127.0.0.2');
    const client = await bob.connect(world.url);
    const run = { name: 'run_code', arguments: { code: '1' } };
    await expect(client.callTool(run)).rejects.toThrow(UnauthorizedError);
    await bob.finish(world.url);
    expect(bob.tokens?.scope?.split(' ')).not.toContain('run_code');
    await expect(client.callTool(run)).rejects.toThrow();
    expect(world.calls().map(({ subject, outcome }) => `${subject} ${outcome}`)).not.toContain(
      'userid:2 done',
    );
    const read = await client.callTool({ name: 'read_file', arguments: { name: 'welcome.md' } });
    expect(textOf(read)).toMatch(/^# Welcome/);
  });

  test('T04 renews its token by itself, and has no more than the policy gives by then', async () => {
    const alice = new Person('127.0.0.1');
    const client = await alice.connect(world.url);
    const read = { name: 'read_file', arguments: { name: 'welcome.md' } };
    const spoil = (): void => {
      if (alice.tokens) alice.tokens = { ...alice.tokens, access_token: 'ended' };
    };
    spoil();
    expect(textOf(await client.callTool(read))).toMatch(/^# Welcome/);
    expect(alice.askedFor).toHaveLength(1);
    spoil();
    world.allow([]);
    await expect(client.callTool(read)).rejects.toThrow();
    expect(world.calls().map(({ outcome }) => outcome)).not.toContain('failed');
    expect(world.calls().filter(({ outcome }) => outcome === 'done')).toHaveLength(1);
  });

  test('binds its token to a key where it can (DPoP), and a thief of the token gets nothing', async () => {
    const alice = new Person('127.0.0.1', await DpopSession.create());
    const client = await alice.connect(world.url);
    const read = { name: 'read_file', arguments: { name: 'welcome.md' } };
    expect(textOf(await client.callTool(read))).toMatch(/^# Welcome/);
    expect(alice.tokens?.token_type).toBe('DPoP');
    const stolen = await call(world.url, alice.tokens?.access_token ?? '', [
      'read_file',
      read.arguments,
    ]);
    expect(stolen.status).toBe(401);
    expect(stolen.headers.get('www-authenticate')).toMatch(/send it as DPoP/);
  });

  test('T06 cannot use its token at another resource', async () => {
    const alice = new Person('127.0.0.1');
    await alice.connect(world.url);
    const token = alice.tokens?.access_token ?? '';
    const other = `${world.url}/other`;
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
