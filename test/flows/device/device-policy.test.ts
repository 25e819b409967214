import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allowInPolicy } from '../../world/allow.ts';
import { auditLog } from '../../world/audit-log.ts';
import { Browser } from '../../world/browser.ts';
import { openSite } from '../../world/daemon-process.ts';
import { failure, tokensOf, userinfo } from '../../world/login.ts';
import { until } from '../../world/until.ts';
import { startWorld, type World } from '../../world/world.ts';
import { ask, decide, deviceClients, enter, poll, submit, textOf } from './device.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld({ clients: deviceClients });
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
});

const open = (browser: Browser) => browser.open(`${world.issuer}/device`);

describe('policy', () => {
  const everybody = [{ src: ['*'], clients: ['*'] }];
  const onlyBob = [{ src: ['bob@example.com'], clients: ['psql'] }];
  const guarded = { clients: deviceClients, access: 'granted' };
  const inForce = async (own: World, allowed: boolean) => {
    const { user_code: code } = await ask(own, 'tv');
    await until('the policy is in force', async () => {
      const { status } = await enter(own.browser(), own, code);
      return (status === 200) === allowed;
    });
  };

  it('is asked before Allow, at Allow, and when the device comes for its tokens', async () => {
    await using own = await startWorld({ ...guarded, whoisCacheSeconds: 0 });
    allowInPolicy(own.simulator, onlyBob);
    await inForce(own, false);

    // before: the page behind every denial, and the code lives on for who may
    const first = await ask(own);
    const denied = await enter(own.browser(), own, first.user_code);
    expect(denied.status).toBe(403);
    expect(textOf(denied)).toContain('What would change it');
    expect(textOf(denied)).toContain('"psql"');
    await decide(own.browser('127.0.0.2'), own, first.user_code);
    expect(tokensOf(await poll(own, first.device_code)).claims['sub']).toBe('userid:2');

    // between the page and the button
    allowInPolicy(own.simulator, everybody);
    await inForce(own, true);
    const second = await ask(own);
    const alice = own.browser();
    const page = await enter(alice, own, second.user_code);
    allowInPolicy(own.simulator, onlyBob);
    await inForce(own, false);
    const late = await submit(alice, own, page, { confirm: 'yes' });
    expect(late.status).toBe(403);
    expect(textOf(late)).toContain('What would change it');
    expect(failure(await poll(own, second.device_code))).toBe('400 access_denied');

    // between the button and the token, and at the refresh
    allowInPolicy(own.simulator, everybody);
    await inForce(own, true);
    const [third, fourth] = [await ask(own), await ask(own)];
    for (const { user_code: code } of [third, fourth]) await decide(own.browser(), own, code);
    const { refreshToken, accessToken } = tokensOf(await poll(own, fourth.device_code));
    allowInPolicy(own.simulator, onlyBob);
    await inForce(own, false);
    expect(failure(await poll(own, third.device_code))).toBe('400 invalid_grant');
    expect((await userinfo(own.issuer, accessToken)).status).toBe(401);
    const again = await own.browser().open(`${own.issuer}/token`, {
      form: { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: 'psql' },
    });
    expect(failure(again)).toBe('400 invalid_grant');

    const denials = auditLog(own.directory).filter(
      ({ event, subject }) => event === 'denial' && subject === 'userid:1',
    );
    expect(denials.length).toBeGreaterThanOrEqual(4);
  });

  it('T04 tokens end with the device that allowed them, not with the one that asked', async () => {
    const begun = await ask(world, 'psql', {}, '127.0.0.2');
    await decide(world.browser(), world, begun.user_code);
    const { accessToken } = tokensOf(await poll(world, begun.device_code));
    world.simulator.setNode('bob', { expired: true });
    expect((await userinfo(world.issuer, accessToken)).status).toBe(200);
    world.simulator.setNode('bob', { expired: false });
    world.simulator.setNode('alice', { expired: true });
    await until('alice is asked for again', async () => {
      return (await userinfo(world.issuer, accessToken)).status === 401;
    });
    world.simulator.setNode('alice', { expired: false });
    await until('alice is back', async () => (await open(world.browser())).status === 200);
  });

  it('a hint names the one person who may allow', async () => {
    const first = await ask(world);
    await decide(world.browser('127.0.0.2'), world, first.user_code);
    const { idToken } = tokensOf(await poll(world, first.device_code));
    const begun = await ask(world, 'psql', { id_token_hint: idToken });
    const refused = await enter(world.browser(), world, begun.user_code);
    expect(refused.status).toBe(400);
    expect(textOf(refused)).toContain('asked for somebody other');
    await decide(world.browser('127.0.0.2'), world, begun.user_code);
    expect(tokensOf(await poll(world, begun.device_code)).claims['sub']).toBe('userid:2');
  });
});

it('T31 tailscaled away: the page says so, and a poll does not use the code up', async () => {
  await using own = await startWorld({ clients: deviceClients });
  const [allowed, undecided] = [await ask(own, 'tv'), await ask(own, 'tv')];
  await decide(own.browser(), own, allowed.user_code);
  const alice = own.browser();
  const page = await enter(alice, own, undecided.user_code);
  await own.simulator.stop();
  const late = await submit(alice, own, page, { confirm: 'yes' });
  expect(late.status).toBe(503);
  const answer = await until('the poll notices', async () => {
    const tried = await poll(own, allowed.device_code, 'tv');
    return tried.status === 503 ? tried : undefined;
  });
  expect(answer.headers['retry-after']).toBeDefined();
  await own.simulator.restart();
  await until('tailscaled is back', async () => {
    return (await own.browser().open(`${own.issuer}/device`)).status === 200;
  });
  tokensOf(await poll(own, allowed.device_code, 'tv'));
  await submit(alice, own, page, { confirm: 'yes' });
  tokensOf(await poll(own, undecided.device_code, 'tv'));
});

it('T23 kill -9 takes back no code, no Allow and no Deny', { timeout: 60_000 }, async () => {
  await using site = await openSite({ clients: deviceClients });
  let run = await site.start();
  const undecided = await ask(site);
  const allowed = await ask(site);
  const denied = await ask(site);
  const alice = new Browser();
  await decide(alice, site, denied.user_code, 'abort');
  await decide(alice, site, allowed.user_code);
  await run.kill('SIGKILL');
  run = await site.start();
  expect(failure(await poll(site, denied.device_code))).toBe('400 access_denied');
  tokensOf(await poll(site, allowed.device_code));
  await run.kill('SIGKILL');
  run = await site.start();
  expect(failure(await poll(site, allowed.device_code))).toBe('400 invalid_grant');
  await decide(alice, site, undecided.user_code);
  expect(tokensOf(await poll(site, undecided.device_code)).claims['sub']).toBe('userid:1');
});
