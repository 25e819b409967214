import { describe, expect, it } from 'vitest';
import { cookieNames } from '../../../src/engine/cookie-names.ts';
import type { Simulator } from '../../../src/simulator/server.ts';
import { allowInPolicy } from '../../world/allow.ts';
import type { Answer } from '../../world/browser.ts';
import { attempt, json, login, refresh, userinfo } from '../../world/login.ts';
import { until } from '../../world/until.ts';
import { startWorld } from '../../world/world.ts';

/** Whoever got neither code nor token, wherever the answer leads. */
function expectNothing(answer: Answer): void {
  const { location } = answer;
  expect(location?.searchParams.get('code') ?? null).toBeNull();
  expect(answer.body).not.toContain('name="code"');
  expect(location?.searchParams.get('error') ?? String(answer.status)).toMatch(
    /^(access_denied|403)$/,
  );
}

/** A stranger whose login begins as a member's does. */
function addNamesake(simulator: Simulator): void {
  const login = 'alice@evil.example';
  const stranger = { id: '99', login, displayName: 'Alice', role: 'member' } as const;
  const { tailnet } = simulator;
  simulator.replaceTailnet({ ...tailnet, users: new Map(tailnet.users).set(login, stranger) });
  simulator.addNode('evil', {
    user: login,
    sharee: true,
    tailnet: 'evil.test',
    addresses: ['100.64.0.66'],
    loopback: '127.0.0.11',
  });
}

const askings = [{}, { prompt: 'login' }, { prompt: 'consent' }, { prompt: 'none' }];

describe('T20 people of other tailnets', () => {
  it.each(askings)('are denied by default, asked with %o', async (more) => {
    await using world = await startWorld();
    const answer = await world
      .browser('127.0.0.4')
      .open(attempt(world.issuer, 'grafana', more).url);
    expectNothing(answer);
  });

  it('are denied although a grant names them', async () => {
    await using world = await startWorld({ access: 'granted' });
    allowInPolicy(world.simulator, [{ src: ['*'], clients: ['*'], machine_login: true }]);
    const url = attempt(world.issuer, 'grafana').url;
    expectNothing(await world.browser('127.0.0.4').open(url));
  });

  it('never become the member whose name they bear, where the operator lets them in', async () => {
    await using world = await startWorld({ allowForeignUsers: true });
    addNamesake(world.simulator);
    const member = await login(world.browser(), world.issuer);

    const stranger = await login(world.browser('127.0.0.11'), world.issuer);

    expect(member.claims).toMatchObject({ username: 'alice', tailnet: 'tailnet.test.' });
    expect(stranger.claims).toMatchObject({
      sub: 'userid:99',
      username: 'alice@evil.example',
      preferred_username: 'alice@evil.example',
      email: 'alice@evil.example',
      email_verified: false,
      tailnet: 'evil.test.',
    });
    const info = json(await userinfo(world.issuer, stranger.accessToken));
    expect(info).toMatchObject({ sub: 'userid:99', username: 'alice@evil.example' });
  });

  it('T21 are no machines of ours, whatever tags their devices bear, even where people are let in', async () => {
    await using world = await startWorld({ allowForeignUsers: true });
    allowInPolicy(world.simulator, [{ src: ['tag:ci', '*'], clients: ['*'], machine_login: true }]);
    const ci = { tags: ['tag:ci'], addresses: ['100.64.0.66'], loopback: '127.0.0.11' };
    world.simulator.addNode('their-ci', ci);
    const { url } = attempt(world.issuer, 'grafana');
    expect(await login(world.browser('127.0.0.11'), world.issuer)).toHaveProperty('idToken');

    world.simulator.setNode('their-ci', { sharee: true, tailnet: 'evil.test' });

    const answer = await world.browser('127.0.0.11').open(url);
    expectNothing(answer);
    expect(answer.location?.searchParams.get('error_description')).toMatch(/another tailnet/);
  });

  it('lose their tokens when the operator no longer lets them in', async () => {
    await using world = await startWorld({ allowForeignUsers: true });
    const tokens = await login(world.browser('127.0.0.4'), world.issuer);
    expect(tokens.claims['sub']).toBe('userid:9007199254740995');

    await world.restart({ allowForeignUsers: false });

    expect((await userinfo(world.issuer, tokens.accessToken)).status).toBe(401);
    expect((await refresh(world.issuer, tokens.refreshToken)).status).toBe(400);
  });
});

describe('T21 machines', () => {
  const startWithMachines = async (allowed: boolean) => {
    const world = await startWorld();
    const ci2 = { tags: ['tag:ci'], addresses: ['100.64.0.15'], loopback: '127.0.0.10' };
    world.simulator.addNode('ci2', ci2);
    if (allowed) allowInPolicy(world.simulator, [{ src: ['tag:ci'], machine_login: true }]);
    return world;
  };

  it('do not log in without a grant', async () => {
    await using world = await startWithMachines(false);
    expectNothing(await world.browser('127.0.0.3').open(attempt(world.issuer, 'grafana').url));
  });

  it('share nothing: neither subject nor session nor fate, though tailscaled says one user', async () => {
    await using world = await startWithMachines(true);
    const { issuer, simulator } = world;
    const ci = world.browser('127.0.0.3');
    const ci2 = world.browser('127.0.0.10');
    const first = await login(ci, issuer);

    for (const [name, cookie] of ci.jar) ci2.jar.set(name, cookie);
    const silent = await ci2.open(attempt(issuer, 'grafana', { prompt: 'none' }).url);
    expect(silent.location?.searchParams.get('error')).toBe('login_required');
    for (const [name, cookie] of ci.jar) ci2.jar.set(name, cookie);
    const second = await login(ci2, issuer);

    const stableId = (name: string) => simulator.tailnet.nodes.get(name)!.stableId;
    expect(first.claims['sub']).toBe(`node:${stableId('ci')}`);
    expect(second.claims['sub']).toBe(`node:${stableId('ci2')}`);
    expect(first.claims).toMatchObject({ tags: ['tag:ci'], username: 'ci.tailnet.test' });
    expect(first.claims).not.toHaveProperty('uid');
    expect(ci2.jar.get(cookieNames(world.issuer).session)!.value).not.toBe(
      ci.jar.get(cookieNames(world.issuer).session)!.value,
    );

    simulator.removeNode('ci');
    await until('its token dies', async () => {
      return (await userinfo(issuer, first.accessToken)).status === 401;
    });
    expect((await userinfo(issuer, second.accessToken)).status).toBe(200);
  });
});

describe("T35 the daemon's own machine", () => {
  const nobodies = { 'a tagged node': {}, "a person's node": { user: 'alice@example.com' } };

  it.each(Object.entries(nobodies))('is nobody, as %s', async (_, node) => {
    await using world = await startWorld({ access: 'granted' });
    world.simulator.setNode('idp', { ...node, loopback: '127.0.0.8' });
    allowInPolicy(world.simulator, [{ src: ['*'], clients: ['*'], machine_login: true }]);
    const browser = world.browser('127.0.0.8');

    for (const more of askings) {
      expectNothing(await browser.open(attempt(world.issuer, 'grafana', more).url));
    }
    expect((await browser.open(world.issuer)).body).toContain('any program looks the same as you');
  });
});
