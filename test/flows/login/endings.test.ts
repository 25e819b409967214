import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { allowInPolicy } from '../../world/allow.ts';
import { redirectOf } from '../../world/app.ts';
import {
  attempt,
  call,
  codeFor,
  failure,
  isActive,
  json,
  login,
  redeem,
  refresh,
  tokensOf,
  userinfo,
} from '../../world/login.ts';
import type { World } from '../../world/world.ts';
import {
  all,
  exchange,
  exchanged,
  exchanging,
  isActiveFor,
  loginAt,
  machineToken,
  mcp,
  post,
  relay,
  rules,
  senders,
  startExchanging,
  worker,
} from '../exchange/exchange-world.ts';

const both = 'read_file run_code';

async function chain(world: World) {
  const first = (await loginAt(world, worker, both)).accessToken;
  const hop = await exchanged(world, first, { resource: relay }, 'ci');
  return { first, hop, last: await exchanged(world, hop, { resource: mcp }, 'second') };
}

describe('what was refused has ended, whatever comes back', () => {
  let world: World;
  beforeAll(async () => {
    world = await startExchanging({ whoisCacheSeconds: 0 });
  });
  beforeEach(() => allowInPolicy(world.simulator, all));
  afterAll(() => world[Symbol.asyncDispose]());

  test('T04 T13 a hop whose grant is gone ends the later ones, too', async () => {
    const { last } = await chain(world);
    allowInPolicy(
      world.simulator,
      all.map((rule) => (rule === rules.ci ? { ...rules.ci, resources: [mcp] } : rule)),
    );
    expect(await isActiveFor(world, last, 'mcp-server')).toBe(false);
    // it has ended: it does not come alive again with the grant
    allowInPolicy(world.simulator, all);
    expect(await isActiveFor(world, last, 'mcp-server')).toBe(false);
  });

  test('T13 a tag that returns brings back nothing that was refused, and all that nobody asked about', async () => {
    const [seen, unseen] = [await chain(world), await chain(world)];
    world.simulator.setNode('second', { tags: ['tag:other'] });
    expect(await isActiveFor(world, seen.last, 'mcp-server')).toBe(false);
    // no hop of his: it is worth what it was
    expect(await isActiveFor(world, seen.hop, 'ci')).toBe(true);
    world.simulator.setNode('second', { tags: ['tag:work'] });
    expect(await isActiveFor(world, seen.last, 'mcp-server')).toBe(false);
    expect(await isActiveFor(world, unseen.last, 'mcp-server')).toBe(true);
    const next = await exchanged(world, seen.hop, { resource: mcp }, 'second');
    expect(await isActiveFor(world, next, 'mcp-server')).toBe(true);
  });

  test('T13 what is refused at an exchange has ended, too, with all that came of it', async () => {
    const { first, hop, last } = await chain(world);
    const alone = all.filter((rule) => rule !== rules.alice);
    allowInPolicy(world.simulator, alone);
    const refused = await exchange(world, first, { resource: relay }, 'ci');
    expect(json(refused)).toMatchObject({ error: 'invalid_request' });
    allowInPolicy(world.simulator, all);
    for (const [token, by] of [
      [first, 'grafana'],
      [hop, 'ci'],
      [last, 'mcp-server'],
    ] as const) {
      expect(await isActiveFor(world, token, by)).toBe(false);
    }
  });

  test('T13 a machine’s own token, and what acts by it', async () => {
    const [seen, unseen] = [await machineToken(world, 'ci'), await machineToken(world, 'ci')];
    world.simulator.setNode('ci', { tags: ['tag:ci', 'tag:other'] });
    expect(await isActiveFor(world, seen, 'mcp-server')).toBe(false);
    world.simulator.setNode('ci', { tags: ['tag:ci'] });
    expect(await isActiveFor(world, seen, 'mcp-server')).toBe(false);
    expect(await isActiveFor(world, unseen, 'mcp-server')).toBe(true);
  });

  test.each(['userinfo', 'refresh', 'introspection', 'code'] as const)(
    'T13 a login, whatever asked: %s',
    async (use) => {
      const { issuer, simulator } = world;
      const tokens = await login(world.browser(), issuer);
      const code = await codeFor(world.browser(), issuer);
      simulator.setNode('alice', { expired: true });
      const asked = {
        userinfo: async () => (await userinfo(issuer, tokens.accessToken)).status,
        refresh: async () => (await refresh(issuer, tokens.refreshToken)).status,
        introspection: async () => (await isActiveFor(world, tokens.accessToken, 'grafana')) || 401,
        code: async () => (await redeem(issuer, code)).status,
      };
      expect(await asked[use]()).toBeOneOf([400, 401]);
      simulator.setNode('alice', { expired: false });
      expect(failure(await redeem(issuer, code))).toBe(
        use === 'code' ? '400 invalid_grant' : '200',
      );
      const outcome = use === 'code' ? '200' : '400 invalid_grant';
      expect(failure(await refresh(issuer, tokens.refreshToken))).toBe(outcome);
    },
  );

  test('T31 what tailscaled could not say ends nothing', async () => {
    const tokens = await login(world.browser(), world.issuer);
    world.simulator.setStatus({ backendState: 'NeedsLogin' });
    expect((await userinfo(world.issuer, tokens.accessToken)).status).toBe(503);
    world.simulator.setStatus({ backendState: 'Running' });
    expect(failure(await refresh(world.issuer, tokens.refreshToken))).toBe('200');
  });

  test('T06 of a login for several resources the token of a lost one alone; of one for it all', async () => {
    const { issuer, simulator } = world;
    const begun = attempt(issuer, 'grafana', { scope: `openid ${both}`, resource: worker });
    begun.url.searchParams.append('resource', mcp);
    const code = (await world.browser().open(begun.url)).location?.searchParams.get('code') ?? '';
    const form = { code, code_verifier: begun.verifier, redirect_uri: redirectOf('grafana') };
    const token = (resource: string, more: Record<string, string>) =>
      call(issuer, '/token', 'grafana', { resource, ...more });
    const atMcp = tokensOf(await token(mcp, { grant_type: 'authorization_code', ...form }));
    const refreshed = (value: string) => ({ grant_type: 'refresh_token', refresh_token: value });
    const atWorker = tokensOf(await token(worker, refreshed(atMcp.refreshToken)));
    const single = await loginAt(world, worker, both);

    const scopes = [{ resource: mcp, scopes: ['read_file'] }];
    allowInPolicy(simulator, [{ ...rules.alice, scopes }]);
    for (const one of [atWorker, single]) {
      expect(await isActive(issuer, one.accessToken)).toBe(false);
    }
    expect(await isActive(issuer, atMcp.accessToken)).toBe(true);
    allowInPolicy(simulator, all);
    for (const one of [atWorker, single]) {
      expect(await isActive(issuer, one.accessToken)).toBe(false);
    }
    expect(failure(await token(mcp, refreshed(atWorker.refreshToken)))).toBe('200');
    expect(failure(await refresh(issuer, single.refreshToken))).toBe('400 invalid_grant');
  });

  test('T13 a client’s own token, whose client came back from the configuration', async () => {
    const form = { grant_type: 'client_credentials', resource: mcp };
    const token = String(json(await post(world, '/token', form, senders.robot))['access_token']);
    expect(await isActiveFor(world, token, 'mcp-server')).toBe(true);
    const clients = exchanging.clients.filter(({ id }) => id !== 'robot');
    await world.restart({ ...exchanging, whoisCacheSeconds: 0, clients });
    expect(await isActiveFor(world, token, 'mcp-server')).toBe(false);
    await world.restart({ ...exchanging, whoisCacheSeconds: 0 });
    expect(await isActiveFor(world, token, 'mcp-server')).toBe(false);
  });
});
