import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Person } from './mcp-client.ts';
import { call, type McpWorld, startMcpWorld } from './mcp-world.ts';

let world: McpWorld;
beforeAll(async () => {
  world = await startMcpWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

describe('at the level of HTTP', () => {
  let token: string;
  beforeAll(async () => {
    world.allow([]);
    const bob = new Person('127.0.0.2');
    await bob.connect(world.url);
    token = bob.tokens?.access_token ?? '';
  });
  beforeEach(() => {
    world.lines.length = 0;
  });
  const send = (tool: string, args: object, headers: Record<string, string> = {}) =>
    call(world.url, token, [tool, args], headers);

  test('a missing scope is a 403 with the challenge of the specification', async () => {
    const answer = await send('run_code', { code: '1' });
    expect(answer.status).toBe(403);
    const challenge = answer.headers.get('www-authenticate') ?? '';
    expect(challenge).toContain('error="insufficient_scope"');
    expect(challenge).toContain('scope="read_file run_code"');
    const document = new URL('/.well-known/oauth-protected-resource/mcp', world.url).href;
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
    const body = await (await send('read_file', { name })).text();
    expect(body).toContain('There is no such file. Files: planets.csv, welcome.md');
  });

  test('a page of elsewhere and a foreign Host are refused, the Inspector is not', async () => {
    const name = { name: 'welcome.md' };
    const evil = await send('read_file', name, { Origin: 'https://evil.test' });
    expect(evil.status).toBe(403);
    const page = await send('read_file', name, { Origin: 'http://localhost:6274' });
    expect(page.status).toBe(200);
    expect(page.headers.get('access-control-allow-origin')).toBe('http://localhost:6274');
    const asked = await fetch(world.url, {
      method: 'OPTIONS',
      headers: { Origin: 'http://localhost:6274', 'Access-Control-Request-Method': 'POST' },
    });
    expect(asked.status).toBe(204);
    expect(asked.headers.get('access-control-allow-headers')).toMatch(/Authorization/);
  });

  test('T22 no token is ever written down', async () => {
    await send('read_file', { name: 'welcome.md' });
    await send('run_code', { code: '1' });
    expect(world.lines).toHaveLength(2);
    expect(world.lines.join('')).not.toContain(token.slice(0, 20));
    expect(world.calls()[0]).toMatchObject({ subject: 'userid:2', login: 'bob@example.com' });
  });

  test('T14 a body beyond 64 KiB is refused', async () => {
    const answer = await send('run_code', { code: 'x'.repeat(70_000) });
    expect(answer.status).toBe(413);
  });
});
