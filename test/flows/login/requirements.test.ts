import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { allowInPolicy } from '../../world/allow.ts';
import { attempt, login, refresh, userinfo } from '../../world/login.ts';
import { clients, startWorld, type World } from '../../world/world.ts';

const of = (id: string, more: object) => ({
  ...clients.find((client) => client.id === id),
  ...more,
});
const bob = '127.0.0.2';
const ci = '127.0.0.3';
const everybody = { src: ['autogroup:member'], clients: ['*'] };

describe('what an app asks for beyond the rules', () => {
  let world: World;
  const app = clients[0]!;
  const withId = (id: string, more: object) => ({ ...app, id, ...more });
  beforeAll(async () => {
    world = await startWorld({
      whoisCacheSeconds: 0,
      access: 'granted',
      clients: [
        app,
        withId('open', { access: 'open' }),
        withId('admins', { access: 'open', requires: { groups: ['admins', 'root'] } }),
        withId('machines', { requires: { tags: ['tag:ci'] } }),
        withId('capable', { access: 'open', requires: { capability: 'example.com/cap/vault' } }),
        withId('iphones', { access: 'open', requires: { device: { os: ['iOS'] } } }),
        withId('expiring', { access: 'open', requires: { device: { keyExpires: true } } }),
      ],
    });
  });
  beforeEach(() => {
    allowInPolicy(world.simulator, []);
    world.simulator.setNode('bob', { os: 'linux', keyExpiry: undefined });
  });
  afterAll(() => world[Symbol.asyncDispose]());

  /** `in`, or why not. */
  const enters = async (address: string, clientId: string) => {
    const { url } = attempt(world.issuer, 'grafana', { client_id: clientId });
    const { location } = await world.browser(address).open(url);
    const { searchParams } = location ?? new URL('about:blank');
    return searchParams.has('code') ? 'in' : searchParams.get('error_description');
  };

  test('access is decided by the app itself where it says so', async () => {
    expect(await enters(bob, 'open')).toBe('in');
    expect(await enters(bob, 'grafana')).toMatch(/no grant/);
    allowInPolicy(world.simulator, [{ src: ['bob@example.com'], clients: ['grafana'] }]);
    expect(await enters(bob, 'grafana')).toBe('in');
  });

  test('one of several groups', async () => {
    expect(await enters(bob, 'admins')).toMatch(/only for members of certain groups/);
    allowInPolicy(world.simulator, [{ src: ['bob@example.com'], groups: ['users'] }]);
    expect(await enters(bob, 'admins')).toMatch(/certain groups/);
    allowInPolicy(world.simulator, [{ src: ['bob@example.com'], groups: ['users', 'root'] }]);
    expect(await enters(bob, 'admins')).toBe('in');
  });

  test('one of several tags: no person has any, however wide the grants are', async () => {
    allowInPolicy(world.simulator, [{ src: ['*'], clients: ['*'], machine_login: true }]);
    expect(await enters(bob, 'machines')).toMatch(/only for machines with certain tags/);
    expect(await enters(ci, 'machines')).toBe('in');
  });

  test('another capability of the policy, also without values', async () => {
    expect(await enters(bob, 'capable')).toMatch(/needs the capability example.com\/cap\/vault/);
    world.simulator.setPolicy({
      grants: [
        { src: ['bob@example.com'], dst: ['tag:idp'], app: { 'example.com/cap/vault': null } },
      ],
    });
    expect(await enters(bob, 'capable')).toBe('in');
  });

  test('a system, and a key that expires', async () => {
    expect(await enters(bob, 'iphones')).toMatch(/only for devices with iOS/);
    expect(await enters(bob, 'expiring')).toMatch(/key expires/);
    world.simulator.setNode('bob', { os: 'iOS', keyExpiry: '2999-01-01T00:00:00Z' });
    expect(await enters(bob, 'iphones')).toBe('in');
    expect(await enters(bob, 'expiring')).toBe('in');
  });
});

test('T04 what an app asks for is asked again at refresh and userinfo', async () => {
  await using world = await startWorld({
    whoisCacheSeconds: 0,
    clients: [of('grafana', { requires: { groups: ['dev'] } })],
  });
  allowInPolicy(world.simulator, [{ src: ['bob@example.com'], groups: ['dev'] }]);
  const tokens = await login(world.browser(bob), world.issuer);

  allowInPolicy(world.simulator, [everybody]);

  expect((await userinfo(world.issuer, tokens.accessToken)).status).toBe(401);
  expect((await refresh(world.issuer, tokens.refreshToken)).status).toBe(400);
});

describe('T14 rules without end', () => {
  test('ten thousand rules: the login comes in time, and only what they say', async () => {
    await using world = await startWorld({ access: 'granted', whoisCacheSeconds: 0 });
    const rules = Array.from({ length: 10_000 }, (_, index) => ({ clients: [`app-${index}`] }));
    const give = (values: unknown[]) =>
      world.simulator.setPolicy({
        grants: [
          {
            src: ['bob@example.com'],
            dst: ['tag:idp'],
            app: { 'tailscale.com/cap/tsidp': values },
          },
        ],
      });
    give(rules);
    const browser = world.browser(bob);
    const denied = await browser.open(attempt(world.issuer, 'grafana').url);
    expect(denied.location?.searchParams.get('error')).toBe('access_denied');
    const page = await browser.open(`${world.issuer}/denied?client_id=grafana`);
    expect(page.status).toBe(403);
    expect(page.body.length).toBeLessThan(32_000);
    give([...rules.slice(1), { clients: ['grafana'] }]);
    expect((await login(browser, world.issuer)).claims['sub']).toBe('userid:2');
  });

  test.each([
    ['a rule of a megabyte', [{ clients: ['grafana'], note: 'x'.repeat(1_000_000) }]],
    ['one that is too deep', [{ clients: ['grafana'], deep: nested(200) }]],
    ['rules that are none', [null, 7, 'grafana', true, [], { clients: null }, { clients: {} }]],
    ['no list', null],
  ])('%s gives nothing, and breaks nothing', async (_, values) => {
    await using world = await startWorld({ access: 'granted', whoisCacheSeconds: 0 });
    world.simulator.setPolicy({
      grants: [
        { src: ['*'], dst: ['tag:idp'], app: { 'tailscale.com/cap/tsidp': values } },
        { src: ['bob@example.com'], dst: ['tag:idp'], app: {} },
      ],
    });
    const open = () => world.browser(bob).open(attempt(world.issuer, 'grafana').url);
    expect((await open()).location?.searchParams.get('error')).toBe('access_denied');
  });
});

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
}
