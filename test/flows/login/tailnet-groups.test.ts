import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { capability } from '../../../src/policy/grant.ts';
import {
  attempt,
  call,
  codeFor,
  json,
  login,
  redeem,
  refresh,
  tokensOf,
  userinfo,
} from '../../world/login.ts';
import { mcp } from '../../world/resource-world.ts';
import { clients, startWorld, type World } from '../../world/world.ts';

const alice = '127.0.0.1';
const bob = '127.0.0.2';
const ci = '127.0.0.3';
const groups = {
  'group:admin': ['alice@example.com'],
  'group:eng': ['alice@example.com', 'bob@example.com'],
};
const visible = (...names: string[]) => ({
  target: ['tag:idp'],
  app: { 'tailscale.com/visible-groups': [{ groups: names }] },
});

describe('groups of the tailnet', () => {
  let world: World;
  const app = clients[0]!;
  beforeAll(async () => {
    world = await startWorld({
      whoisCacheSeconds: 0,
      clients: [
        app,
        {
          ...clients[1]!,
          claims: { stripGroupPrefix: true, groupNames: { 'group:eng': 'Editors' } },
        },
        {
          ...clients[2]!,
          claims: {
            tailnetGroups: ['group:admin', 'group:eng'],
            set: { roles: { from: 'groups' } },
          },
        },
        { ...app, id: 'admins', requires: { groups: ['group:admin'] } },
      ],
      resources: [
        {
          uri: mcp,
          scopes: { list: 'See what there is' },
          openScopes: ['list'],
          claims: ['groups'],
        },
      ],
    });
  });
  beforeEach(() => setPolicy({}));
  afterAll(() => world[Symbol.asyncDispose]());

  /** Everybody is given the group `dev`, and machines may log in, unless said otherwise. */
  function setPolicy({
    names = ['*'],
    rule = { groups: ['dev'] },
    more = {},
  }: {
    names?: readonly string[] | undefined;
    rule?: object;
    more?: Record<string, string[]>;
  }) {
    world.simulator.setPolicy({
      groups: { ...groups, ...more },
      nodeAttrs: names.length > 0 ? [visible(...names)] : [],
      grants: [
        { src: ['*'], dst: ['*'], ip: ['*'] },
        { src: ['*'], dst: ['tag:idp'], app: { [capability]: [{ ...rule, machine_login: true }] } },
      ],
    });
  }

  const told = async (address: string, clientId = 'grafana', scope = 'openid groups') => {
    const tokens = await login(world.browser(address), world.issuer, clientId, { scope });
    return { idToken: tokens.claims, info: json(await userinfo(world.issuer, tokens.accessToken)) };
  };

  test('stand beside those of grants, in ID token and userinfo, under their scope', async () => {
    const { idToken, info } = await told(alice);
    for (const claims of [idToken, info]) {
      expect(claims['groups']).toEqual(['dev', 'group:admin', 'group:eng']);
    }
    expect((await told(bob)).info['groups']).toEqual(['dev', 'group:eng']);
    const narrow = await told(alice, 'grafana', 'openid profile');
    for (const claims of Object.values(narrow)) expect(claims).not.toHaveProperty('groups');
  });

  test('by an app’s own names', async () => {
    expect((await told(alice, 'post')).idToken['groups']).toEqual(['dev', 'admin', 'Editors']);
    setPolicy({ rule: {}, more: { 'group:other': ['alice@example.com'] } });
    const { idToken } = await told(alice, 'spa');
    expect(idToken).toMatchObject({
      groups: ['group:admin', 'group:eng'],
      roles: ['group:admin', 'group:eng'],
    });
  });

  test('only those that the policy makes visible', async () => {
    setPolicy({ names: ['group:eng'] });
    expect((await told(alice)).idToken['groups']).toEqual(['dev', 'group:eng']);
  });

  test.each<[string, object]>([
    ['no attribute', { names: [] }],
    ['none of the visible ones', { names: ['group:nobody'] }],
  ])('%s: no claim, and never an empty one', async (_, policy) => {
    setPolicy({ ...policy, rule: {} });
    for (const clientId of ['grafana', 'post', 'spa']) {
      for (const claims of Object.values(await told(alice, clientId))) {
        expect(claims).not.toHaveProperty('groups');
        expect(claims).not.toHaveProperty('roles');
      }
    }
  });

  test('an older tailscaled says nothing of them', async () => {
    world.simulator.setStatus({ version: '1.96.4' });
    try {
      expect((await told(alice)).idToken['groups']).toEqual(['dev']);
    } finally {
      world.simulator.setStatus({ version: '1.102.3' });
    }
  });

  test('T21 a machine has none', async () => {
    expect((await told(ci)).idToken['groups']).toEqual(['dev']);
  });

  test('a token for a resource says them where its operator wants that', async () => {
    const grant = await codeFor(world.browser(alice), world.issuer, 'grafana', {
      scope: 'openid list',
      resource: mcp,
    });
    const { accessToken } = tokensOf(await redeem(world.issuer, grant));
    expect(decodeJwt(accessToken)['groups']).toEqual(['dev', 'group:admin', 'group:eng']);
    setPolicy({ names: [], rule: {} });
    const form = { token: accessToken };
    const answer = json(await call(world.issuer, '/introspect', 'grafana', form));
    expect(answer).not.toHaveProperty('groups');
  });

  describe('an app for members of group:admin', () => {
    const enters = async (address: string) => {
      const { url } = attempt(world.issuer, 'grafana', { client_id: 'admins' });
      const { location } = await world.browser(address).open(url);
      const { searchParams } = location ?? new URL('about:blank');
      return searchParams.has('code') ? 'in' : searchParams.get('error_description');
    };

    test('lets them in, and nobody else', async () => {
      expect(await enters(alice)).toBe('in');
      expect(await enters(bob)).toMatch(/certain groups, and you are in none/);
    });

    test("a grant's group of the same bare name is another one", async () => {
      setPolicy({ rule: { groups: ['admin'] } });
      expect(await enters(bob)).toMatch(/you are in none/);
    });

    test('while groups are not visible, it lets nobody in and says why, on the page, too', async () => {
      setPolicy({ names: [] });
      expect(await enters(alice)).toMatch(/cannot see which groups of the tailnet you are in/);
      const page = await world.browser(alice).open(`${world.issuer}/denied?client_id=admins`);
      expect(page.status).toBe(403);
      expect(page.body).toContain('tailscale.com/visible-groups');
    });
  });

  test('T04 who leaves a group has left it at the next refresh and userinfo', async () => {
    const { accessToken, refreshToken } = await login(world.browser(alice), world.issuer);
    world.simulator.setPolicy({
      groups: { ...groups, 'group:admin': [] },
      nodeAttrs: [visible('*')],
    });
    const now = ['group:eng'];
    expect(json(await userinfo(world.issuer, accessToken))['groups']).toEqual(now);
    const answer = tokensOf(await refresh(world.issuer, refreshToken));
    expect(answer.claims['groups']).toEqual(now);
  });

  test('T14 a person in 2000 groups: a token of ordinary size, and the log says so once', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 2000 }, (_, index) => [`group:team-${index}`, ['bob@example.com']]),
    );
    setPolicy({ more: many });
    const { idToken, info } = await told(bob);
    expect(idToken['groups']).toEqual(['dev']);
    expect(info['groups']).toEqual(['dev']);
    // the app that names those that it needs
    expect((await told(bob, 'spa')).idToken['groups']).toEqual(['dev', 'group:eng']);
    // one that asks for no groups is no matter for the log
    await told(bob, 'post', 'openid');
    const lines = world
      .logged()
      .split('\n')
      .filter((line) => line.includes('too many groups'));
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { subject: 'userid:2', client: 'grafana', groups: 2001 },
    ]);
  });
});
