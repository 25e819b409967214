import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { allowInPolicy } from '../../world/allow.ts';
import { auditLog } from '../../world/audit-log.ts';
import { Browser } from '../../world/browser.ts';
import { codeFor, json, redeem, tokensOf, userinfo } from '../../world/login.ts';
import type { World } from '../../world/world.ts';
import {
  all,
  ci,
  exchange,
  exchanged,
  exchangeForm,
  exchanging,
  isActiveFor,
  loginAt,
  look,
  machineToken,
  mcp,
  notes,
  plainName,
  post,
  relay,
  revoke,
  rules,
  senders,
  startExchanging,
  worker,
} from './exchange-world.ts';

const both = 'read_file run_code';

describe('the life of an exchanged token', () => {
  let world: World;
  beforeAll(async () => {
    world = await startExchanging();
  });
  beforeEach(() => allowInPolicy(world.simulator, all));
  afterAll(() => world[Symbol.asyncDispose]());

  const chain = async () => {
    const first = (await loginAt(world, worker, both)).accessToken;
    const hop = await exchanged(world, first, { resource: relay }, 'ci');
    return { first, hop, last: await exchanged(world, hop, { resource: mcp }, 'second') };
  };

  test('T05 where all its scopes were taken from what it came from, none is left', async () => {
    const first = (await loginAt(world, worker, both)).accessToken;
    const last = await exchanged(world, first, { resource: mcp, scope: 'read_file' }, 'ci');
    const scopes = [
      { resource: mcp, scopes: ['read_file'] },
      { resource: worker, scopes: ['run_code'] },
    ];
    allowInPolicy(world.simulator, [{ ...rules.alice, scopes }, rules.ci]);
    expect(await look(world, last)).not.toHaveProperty('scope');
  });

  test('it opens no userinfo and has nothing to refresh with', async () => {
    const { accessToken } = await loginAt(world, '', 'openid email');
    for (const form of [{ resource: mcp }, { resource: notes }, { audience: plainName }]) {
      const token = await exchanged(world, accessToken, form, 'grafana');
      expect((await userinfo(world.issuer, token)).status).toBeOneOf([401, 403]);
      const refreshing = { grant_type: 'refresh_token', refresh_token: token };
      const answer = await post(world, '/token', refreshing, senders.grafana);
      expect(json(answer)).toMatchObject({ error: 'invalid_grant' });
    }
  });

  test('T12 its own client and its resource see it; nobody else does, the first token’s client either', async () => {
    const { last } = await chain();
    for (const by of ['second', 'mcp-server'] as const) {
      expect(await isActiveFor(world, last, by), by).toBe(true);
    }
    for (const by of ['ci', 'grafana', 'post', 'second as by-tag'] as const) {
      expect(await look(world, last, by), by).toEqual({ active: false });
    }
    for (const by of ["person's device", 'public client', 'wrong secret'] as const) {
      expect(await look(world, last, by), by).not.toHaveProperty('active', true);
    }
  });

  test('T01 it is ended by its own client alone, and takes along what came of it, not what it came from', async () => {
    const { first, hop, last } = await chain();
    for (const by of ['second', 'grafana', 'mcp-server'] as const) await revoke(world, hop, by);
    expect(await isActiveFor(world, last, 'mcp-server')).toBe(true);
    await revoke(world, hop, 'ci');
    expect(await isActiveFor(world, hop, 'ci')).toBe(false);
    expect(await isActiveFor(world, last, 'mcp-server')).toBe(false);
    expect(await isActiveFor(world, first, 'grafana')).toBe(true);
  });

  test('a logout of the subject’s session ends it', async () => {
    const browser = new Browser();
    const tokens = tokensOf(
      await redeem(
        world.issuer,
        await codeFor(browser, world.issuer, 'grafana', { scope: both, resource: worker }),
      ),
    );
    const token = await exchanged(world, tokens.accessToken, { resource: mcp }, 'ci');
    expect(await isActiveFor(world, token, 'ci')).toBe(true);
    const page = await browser.open(`${world.issuer}/logout`);
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.body)?.[1] ?? '';
    await browser.open(`${world.issuer}/logout/confirm`, {
      form: { xsrf, logout: 'yes' },
      headers: { origin: world.issuer },
    });
    expect(await isActiveFor(world, token, 'ci')).toBe(false);
    const again = await exchange(world, tokens.accessToken, { resource: mcp }, 'ci');
    expect(json(again)).toMatchObject({ error: 'invalid_request' });
  });

  test('T13 what hangs on an actor token ends with it', async () => {
    const { accessToken } = await loginAt(world, worker, both);
    const actor = await machineToken(world, 'ci');
    const form = {
      resource: mcp,
      actor_token: actor,
      actor_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    };
    const token = await exchanged(world, accessToken, form, 'ci');
    expect(Number(decodeJwt(token).exp)).toBeLessThanOrEqual(Number(decodeJwt(actor).exp));
    expect(await isActiveFor(world, token, 'ci')).toBe(true);
    await revoke(world, actor, 'ci');
    expect(await isActiveFor(world, token, 'ci')).toBe(false);
  });

  test('chains outlive a restart; a client or resource that is removed meanwhile ends its part', async () => {
    await using own = await startExchanging();
    const first = (await loginAt(own, worker, both)).accessToken;
    const hop = await exchanged(own, first, { resource: relay }, 'ci');
    const last = await exchanged(own, hop, { resource: mcp }, 'second');
    await own.restart();
    expect(await isActiveFor(own, last, 'mcp-server')).toBe(true);
    const clients = exchanging.clients.filter(({ id }) => id !== 'grafana');
    await own.restart({ ...exchanging, clients });
    expect(await isActiveFor(own, last, 'mcp-server')).toBe(false);
    await own.restart({ ...exchanging, clients: exchanging.clients });
    expect(await isActiveFor(own, last, 'mcp-server')).toBe(false);
    expect(await isActiveFor(own, hop, 'ci')).toBe(true);
    const next = await exchanged(own, hop, { resource: mcp }, 'second');
    const resources = exchanging.resources.filter(({ uri }) => uri !== mcp);
    await own.restart({ ...exchanging, resources });
    expect(await isActiveFor(own, next, 'second')).toBe(true);
    expect(await look(own, next, 'mcp-server')).toEqual({ active: false });
  });

  test.each(['ci', 'grafana'] as const)(
    'of %s: it lives as long as it says, and is not kept for longer',
    async (by) => {
      const { accessToken } = await loginAt(world, worker, both);
      const answer = json(await exchange(world, accessToken, { resource: relay }, by));
      const row = auditLog(world.directory).findLast(({ event }) => event === 'exchange');
      expect(row?.subject).toBe('userid:1');
      const lifeSeconds = Number(answer['expires_in']);
      expect(lifeSeconds).toBeGreaterThan(890);
      expect(grantLifeOf(world) - lifeSeconds).toBeOneOf([60, 61, 62, 63]);
    },
  );

  test('tsidp’s rules, drop-in: users and resources of `*`, an audience that is an app’s ID', async () => {
    const everything = { users: ['*'], resources: ['*'] };
    allowInPolicy(world.simulator, [{ src: ['*'], ...everything }]);
    const alice = await loginAt(world, '', 'openid email profile');
    const bob = await loginAt(world, '', 'openid', '127.0.0.2');
    const plain = await exchange(world, alice.accessToken, { audience: plainName }, 'grafana');
    expect(json(plain)).toMatchObject({
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      token_type: 'Bearer',
    });
    const token = String(json(plain)['access_token']);
    // the app that is meant asks about it, as tsidp's do; another one hears nothing
    expect(await look(world, token, 'billing')).toMatchObject({
      active: true,
      aud: plainName,
      client_id: 'grafana',
      username: 'alice@example.com',
      scope: 'openid email profile',
    });
    expect(await look(world, token, 'post')).toEqual({ active: false });
    const acted = await exchanged(
      world,
      alice.accessToken,
      {
        audience: 'https://mcp.tailnet.test/mcp',
        actor_token: bob.accessToken,
        actor_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      },
      'grafana',
    );
    expect(await look(world, acted, 'grafana')).toMatchObject({
      aud: 'https://mcp.tailnet.test/mcp',
      act: { sub: 'userid:2', client_id: 'grafana' },
      sub: 'userid:1',
    });
  });

  test('T33 no web page exchanges, looks at or ends a token by the machine that shows it', async () => {
    const { accessToken } = await loginAt(world, worker, both);
    const token = await exchanged(world, accessToken, { resource: mcp }, 'ci');
    const pages: Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { origin: world.issuer },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site', origin: 'https://other.tailnet.test' },
    ];
    const machine = { address: ci };
    for (const headers of pages) {
      const answers = await Promise.all([
        post(world, '/token', exchangeForm(accessToken, { resource: mcp }), machine, headers),
        post(world, '/token', { grant_type: 'client_credentials' }, machine, headers),
        post(world, '/introspect', { token }, machine, headers),
        post(world, '/revoke', { token }, machine, headers),
      ]);
      for (const { status, headers: answered, body } of answers) {
        expect(status, JSON.stringify(headers)).toBe(403);
        expect(answered['access-control-allow-origin']).toBeUndefined();
        expect(body).not.toContain('access_token"');
        expect(body).not.toContain('"active":true');
      }
    }
    for (const path of ['/token', '/introspect', '/revoke']) {
      const rebound = { host: 'rebound.example' };
      expect((await post(world, path, { token }, machine, rebound)).status).toBe(421);
    }
    expect(await isActiveFor(world, token, 'ci')).toBe(true);
  });
});

/** How long the Grant that was made last lives, in seconds. */
function grantLifeOf({ directory }: World): number {
  const database = new DatabaseSync(join(directory, 'state', 'tsidp.db'), { readOnly: true });
  const row = database
    .prepare('SELECT expires_at - created_at AS life FROM grants ORDER BY id DESC LIMIT 1')
    .get();
  database.close();
  return Number(row?.['life']);
}
