import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allowInPolicy } from '../../world/allow.ts';
import { tokensOf } from '../../world/login.ts';
import { all, configuration, mcp, resourceServer } from '../../world/resource-world.ts';
import { startWorld, type World } from '../../world/world.ts';
import { ask, decide, deviceClients, enter, poll, submit, textOf } from './device.ts';

describe('resources (RFC 8707)', () => {
  let world: World;
  beforeAll(async () => {
    const server = { ...resourceServer, redirectUris: ['https://mcp.test/cb'] };
    world = await startWorld({ ...configuration, clients: [server, ...deviceClients] });
    allowInPolicy(world.simulator, all);
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const asked = { resource: mcp, scope: 'openid read_file run_code' };

  test('what the person may have there is shown, and the token is for the resource', async () => {
    const begun = await ask(world, 'psql', asked);
    const browser = world.browser();
    const page = await enter(browser, world, begun.user_code);
    for (const words of ['Files', mcp, 'Read files', 'Run code']) {
      expect(textOf(page)).toContain(words);
    }
    await submit(browser, world, page, { confirm: 'yes' });
    const { accessToken, scope } = tokensOf(await poll(world, begun.device_code));
    expect(scope).toBe('openid read_file run_code');
    expect(decodeJwt(accessToken)).toMatchObject({ aud: mcp, sub: 'userid:1', client_id: 'psql' });
  });

  test('who is granted nothing there reads why, and the code waits for who is', async () => {
    const begun = await ask(world, 'psql', { ...asked, scope: 'read_file' });
    const refused = await enter(world.browser('127.0.0.2'), world, begun.user_code);
    expect(refused.status).toBe(403);
    expect(textOf(refused)).toContain('What would change it');
    await decide(world.browser(), world, begun.user_code);
    expect(tokensOf(await poll(world, begun.device_code)).scope).toBe('read_file');
  });

  test('one that nobody declared is refused when a person is there to ask about', async () => {
    const begun = await ask(world, 'psql', { resource: 'https://unknown.test/', scope: 'openid' });
    const refused = await enter(world.browser(), world, begun.user_code);
    expect(refused.status).toBe(400);
    expect(textOf(refused)).toContain('invalid_target');
  });

  test('T17 no more is given than the page showed, and no more than there is now', async () => {
    await using own = await startWorld({
      ...configuration,
      clients: [{ ...resourceServer, redirectUris: ['https://mcp.test/cb'] }, ...deviceClients],
      whoisCacheSeconds: 0,
    });
    const allow = (scopes: string[]) =>
      allowInPolicy(own.simulator, [{ src: ['*'], scopes: [{ resource: mcp, scopes }] }]);
    allow(['read_file']);
    const begun = await ask(own, 'psql', asked);
    const browser = own.browser();
    const page = await enter(browser, own, begun.user_code);
    expect(textOf(page)).not.toContain('Run code');
    allow(['read_file', 'run_code']);
    await submit(browser, own, page, { confirm: 'yes' });
    expect(tokensOf(await poll(own, begun.device_code)).scope).toBe('openid read_file');
  });
});
