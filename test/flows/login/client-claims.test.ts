import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Allowance, allowInPolicy } from '../../world/allow.ts';
import { call, json, login, userinfo } from '../../world/login.ts';
import { clients, startWorld, type World } from '../../world/world.ts';

const alice = '127.0.0.1';
const bob = '127.0.0.2';
const ci = '127.0.0.3';
const everything = 'openid profile email groups';

const allowances: readonly Allowance[] = [
  {
    src: ['autogroup:member'],
    account: { login: 'bob@example.com', username: 'bobby', email: 'bob@home.example' },
  },
  { src: ['bob@example.com'], groups: ['eng', 'ops'], extraClaims: { team: 'core' } },
  { src: ['tag:ci'], machine_login: true, groups: ['bots'] },
];

describe('claims of one app', () => {
  let world: World;
  beforeAll(async () => {
    const claimsOf = {
      grafana: {
        groups: 'always',
        groupNames: { eng: 'Editors' },
        addGroups: ['everybody'],
        set: {
          roles: { from: 'groups' },
          username: { from: 'email' },
          realm: { value: 'tailnet' },
          where: { template: '{name} <{login}> at {node} in {tailnet} as {username} ({sub})' },
          unit: { from: 'team' },
          address: { from: 'no-such-claim' },
        },
      },
      post: { groupNames: { ops: 'Operators' } },
    };
    world = await startWorld({
      clients: clients.map((client) => ({
        ...client,
        claims: claimsOf[client.id as keyof typeof claimsOf],
      })),
    });
    allowInPolicy(world.simulator, allowances);
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const told = async (address: string, clientId: string, scope: string) => {
    const browser = world.browser(address);
    const { claims, accessToken } = await login(browser, world.issuer, clientId, { scope });
    return { idToken: claims, info: json(await userinfo(world.issuer, accessToken)), accessToken };
  };

  test('renamed, constant and made of others, in ID token and userinfo alike, whatever the scopes', async () => {
    const mapped = {
      groups: ['Editors', 'ops', 'everybody'],
      roles: ['Editors', 'ops', 'everybody'],
      username: 'bob@home.example',
      realm: 'tailnet',
      where:
        'Bob Example <bob@example.com> at bob.tailnet.test in tailnet.test as bobby (userid:2)',
      unit: 'core',
    };
    for (const scope of ['openid', everything]) {
      const { idToken, info } = await told(bob, 'grafana', scope);
      expect(idToken).toMatchObject({ ...mapped, sub: 'userid:2', tailnet: 'tailnet.test.' });
      expect(info).toMatchObject({ ...mapped, sub: 'userid:2' });
      for (const claims of [idToken, info]) expect(claims).not.toHaveProperty('address');
    }
  });

  test('the metadata name what some app is given, and nothing that none is', async () => {
    const answer = await world.browser().open(`${world.issuer}/.well-known/openid-configuration`);
    const names = json(answer)['claims_supported'];
    // `address` is set by the configuration, though from a claim that nobody has
    expect(names).toEqual(expect.arrayContaining(['groups', 'roles', 'realm', 'unit', 'address']));
    for (const absent of ['gender', 'birthdate', 'phone_number'])
      expect(names).not.toContain(absent);
  });

  test('another app has the usual ones, groups under their scope, by other names', async () => {
    const { idToken } = await told(bob, 'post', everything);
    expect(idToken).toMatchObject({ groups: ['eng', 'Operators'], username: 'bobby' });
    for (const claim of ['roles', 'realm', 'where']) expect(idToken).not.toHaveProperty(claim);
    expect((await told(bob, 'post', 'openid profile')).idToken).not.toHaveProperty('groups');
  });

  test('a name of the policy is told everywhere, and an email of the policy is never verified', async () => {
    const { idToken, info, accessToken } = await told(bob, 'spa', everything);
    const named = {
      username: 'bobby',
      preferred_username: 'bobby',
      email: 'bob@home.example',
      email_verified: false,
    };
    expect(idToken).toMatchObject(named);
    expect(info).toMatchObject(named);
    const form = { token: accessToken };
    expect(json(await call(world.issuer, '/introspect', 'grafana', form))).toMatchObject({
      active: true,
      sub: 'userid:2',
      // the login itself, as tsidp answers
      username: 'bob@example.com',
      preferred_username: 'bobby',
    });
    expect((await told(alice, 'spa', everything)).idToken).toMatchObject({
      username: 'alice',
      email: 'alice@example.com',
      email_verified: true,
    });
  });

  test('T21 a machine has no email, so no claim is made of one', async () => {
    const { idToken } = await told(ci, 'grafana', everything);
    expect(idToken).toMatchObject({
      groups: ['bots', 'everybody'],
      realm: 'tailnet',
      tags: ['tag:ci'],
    });
    for (const claim of ['where', 'email']) expect(idToken).not.toHaveProperty(claim);
    expect(idToken['username']).toBe('ci.tailnet.test');
  });
});
