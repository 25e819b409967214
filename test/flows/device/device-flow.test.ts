import * as oidc from 'openid-client';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { auditLog } from '../../world/audit-log.ts';
import { failure, json, tokensOf, userinfo } from '../../world/login.ts';
import { startWorld, type World } from '../../world/world.ts';
import { ask, askRaw, decide, deviceClients, enter, poll, submit, textOf } from './device.ts';

const short = { devicePollSeconds: 1 };
const later = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);
const useFakeDate = () => vi.useFakeTimers({ toFake: ['Date'] });

describe('the device flow', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ clients: deviceClients, lifetimes: short });
  });
  afterAll(() => world[Symbol.asyncDispose]());
  afterEach(() => {
    vi.useRealTimers();
  });

  test.each([
    ['psql', oidc.None()],
    ['tv', oidc.ClientSecretBasic(deviceClients[1]?.secret)],
  ])('openid-client of %s waits for the person and gets tokens of theirs', async (id, auth) => {
    const config = await oidc.discovery(new URL(world.issuer), id, {}, auth, {
      execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks],
    });
    const begun = await oidc.initiateDeviceAuthorization(config, { scope: 'openid email' });
    expect(begun).toMatchObject({
      verification_uri: `${world.issuer}/device`,
      verification_uri_complete: `${world.issuer}/device?user_code=${begun.user_code}`,
      expires_in: 600,
      interval: 1,
    });
    expect(begun.user_code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);

    const waiting = oidc.pollDeviceAuthorizationGrant(config, begun, undefined, {
      signal: AbortSignal.timeout(10_000),
    });
    const done = await decide(world.browser('127.0.0.2'), world, begun.user_code);
    expect(textOf(done)).toMatch(/^Your device is allowed/);
    const tokens = await waiting;

    expect(tokens.claims()).toMatchObject({ sub: 'userid:2', aud: id, email: 'bob@example.com' });
    const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token ?? '');
    const info = await oidc.fetchUserInfo(config, refreshed.access_token, 'userid:2');
    expect(info.email).toBe('bob@example.com');
  });

  test('the page shows who asks for what, and for whom', async () => {
    const { user_code: code } = await ask(world, 'tv', {}, '127.0.0.1');
    const page = await enter(world.browser(), world, code);
    const text = textOf(page);
    for (const fact of [
      code,
      'Television',
      'alice.tailnet.test',
      'your own device',
      'your e-mail address',
      'alice@example.com',
    ]) {
      expect(text).toContain(fact);
    }
    expect(text).not.toContain('did not come');
    expect(page.body).not.toContain('class="notice"');
  });

  test.each([
    ['another person', '127.0.0.2', 'bob.tailnet.test a device of bob@example.com'],
    ['a machine', '127.0.0.3', 'ci.tailnet.test a machine: tag:ci'],
    ['nobody we know', '127.0.0.9', 'an unknown caller at 127.0.0.9'],
  ])('a request of %s carries a warning', async (_, address, words) => {
    const { user_code: code } = await ask(world, 'psql', {}, address);
    const text = textOf(await enter(world.browser(), world, code));
    expect(text).toContain(words);
    expect(text).toMatch(/If somebody sent you this code .* choose Deny/);
  });

  test.each([
    ['without the dash', (code: string) => code.replace('-', '')],
    ['in small letters', (code: string) => code.toLowerCase()],
    ['with spaces', (code: string) => ` ${code.replace('-', ' ')} `],
  ])('the code is taken %s', async (_, typed) => {
    const { user_code: code } = await ask(world);
    const page = await enter(world.browser(), world, typed(code));
    expect(textOf(page)).toContain(code);
  });

  test('a link fills the code in, and neither it nor a POST without a button allows anything', async () => {
    const begun = await ask(world);
    const browser = world.browser();
    const page = await browser.open(begun.verification_uri_complete);
    expect(page.body).toContain(`value="${begun.user_code}"`);
    expect(page.body).not.toContain('<script');
    const confirm = await submit(browser, world, page);
    expect(textOf(confirm)).toContain('Let a device use your account?');
    expect(failure(await poll(world, begun.device_code))).toBe('400 authorization_pending');
  });

  test.each([
    '%3Cscript%3E',
    'BCDFGHJK%22%3Eonload',
    'BCDFGHJ1',
    'A'.repeat(2000),
    'BCDFGHJK&user_code=BCDFGHJL',
  ])('a link with %s fills nothing in', async (code) => {
    const page = await world.browser().open(`${world.issuer}/device?user_code=${code}`);
    expect(page.status).toBe(200);
    expect(page.body).toContain('name="user_code" value=""');
  });

  test('what the person denies is told to the device, again and again, and nobody else can allow it', async () => {
    const begun = await ask(world);
    const denied = await decide(world.browser(), world, begun.user_code, 'abort');
    expect(textOf(denied)).toMatch(/^Denied/);
    for (const _ of [1, 2]) {
      expect(failure(await poll(world, begun.device_code))).toBe('400 access_denied');
    }
    const again = await enter(world.browser('127.0.0.2'), world, begun.user_code);
    expect(textOf(again)).toContain('already been used');
    expect(auditLog(world.directory)).toContainEqual(
      expect.objectContaining({
        event: 'denial',
        subject: 'userid:1',
        reason: 'the person chose Deny',
      }),
    );
  });

  test('two clicks on Allow are one', async () => {
    const begun = await ask(world);
    const browser = world.browser();
    const page = await enter(browser, world, begun.user_code);
    const answers = await Promise.all(
      [1, 2, 3].map(() => submit(browser, world, page, { confirm: 'yes' })),
    );
    for (const answer of answers) expect(textOf(answer)).toMatch(/^Your device is allowed/);
    tokensOf(await poll(world, begun.device_code));
    const logins = auditLog(world.directory).filter(({ event }) => event === 'login');
    expect(logins.at(-1)).toMatchObject({ subject: 'userid:1' });
  });

  test('T24 a device code works once; its replay ends what it gave', async () => {
    const begun = await ask(world);
    await decide(world.browser(), world, begun.user_code);
    const { accessToken } = tokensOf(await poll(world, begun.device_code));
    expect((await userinfo(world.issuer, accessToken)).status).toBe(200);

    expect(failure(await poll(world, begun.device_code))).toBe('400 invalid_grant');

    expect((await userinfo(world.issuer, accessToken)).status).toBe(401);
  });

  test('T24 of many polls at once with an allowed code at most one gets tokens', async () => {
    const begun = await ask(world);
    await decide(world.browser(), world, begun.user_code);
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => poll(world, begun.device_code)),
    );
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1);
    expect(failure(await poll(world, begun.device_code))).toBe('400 invalid_grant');
  });

  test('T24 a device code lives exactly its lifetime', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Math.floor(Date.now() / 1000) * 1000 });
    const [one, other] = [await ask(world), await ask(world)];
    later(599);
    await decide(world.browser(), world, one.user_code);
    tokensOf(await poll(world, one.device_code));
    later(1);
    expect(failure(await poll(world, other.device_code))).toBe('400 expired_token');
    expect(textOf(await enter(world.browser(), world, other.user_code))).toContain('has expired');
  });

  test('what was allowed early and fetched late lives its whole life', async () => {
    useFakeDate();
    const begun = await ask(world, 'other');
    await decide(world.browser(), world, begun.user_code);
    later(590);
    const { accessToken } = tokensOf(await poll(world, begun.device_code, 'other'));
    later(290);
    expect((await userinfo(world.issuer, accessToken)).status).toBe(200);
  });

  test('pressing Allow is a login: auth_time is now, whatever max_age and session', async () => {
    useFakeDate();
    const browser = world.browser();
    await browser.open(`${world.issuer}/device`);
    later(3600);
    const begun = await ask(world, 'psql', {
      max_age: '0',
      claims: JSON.stringify({ id_token: { auth_time: { essential: true } } }),
    });
    await decide(browser, world, begun.user_code);
    later(3);
    const { claims } = tokensOf(await poll(world, begun.device_code));
    expect(Math.floor(Date.now() / 1000) - Number(claims['auth_time'])).toBeLessThanOrEqual(4);
  });

  test('scopes are made into what we know, as at every login', async () => {
    const begun = await ask(world, 'psql', { scope: 'openid,email,unheard-of' });
    await decide(world.browser(), world, begun.user_code);
    expect(tokensOf(await poll(world, begun.device_code)).scope).toBe('openid email');
    const plain = json(await askRaw(world, 'psql', { scope: '' }));
    expect(plain).toHaveProperty('device_code');
  });

  test('restart and kill leave codes where they were', async () => {
    const [waiting, allowed] = [await ask(world), await ask(world)];
    await decide(world.browser(), world, allowed.user_code);
    await world.restart({ clients: deviceClients, lifetimes: short });
    tokensOf(await poll(world, allowed.device_code));
    await decide(world.browser('127.0.0.2'), world, waiting.user_code);
    expect(tokensOf(await poll(world, waiting.device_code)).claims['sub']).toBe('userid:2');
    await world.restart({ clients: deviceClients, lifetimes: short });
    expect(failure(await poll(world, waiting.device_code))).toBe('400 invalid_grant');
  });
});

test('RFC 8628 3.5: who polls too fast is slowed down, five seconds more each time', async () => {
  await using world = await startWorld({ clients: deviceClients });
  vi.useFakeTimers({ toFake: ['Date'] });
  try {
    const [begun, other] = [await ask(world), await ask(world)];
    expect(begun.interval).toBe(5);
    const states: string[] = [];
    // the intervals are 5, 10, 15 and 20 seconds; a second less is forgiven
    for (const pause of [0, 5, 4, 3, 8, 13, 19]) {
      later(pause);
      states.push(failure(await poll(world, begun.device_code)).slice(4));
    }
    const [waiting, slow] = ['authorization_pending', 'slow_down'];
    expect(states).toEqual([waiting, waiting, waiting, slow, slow, slow, waiting]);
    expect(failure(await poll(world, other.device_code))).toBe(`400 ${waiting}`);
    // whoever has been allowed does not wait
    await decide(world.browser(), world, begun.user_code);
    tokensOf(await poll(world, begun.device_code));
    // nor does the audit fill up with waiting
    expect(auditLog(world.directory).filter(({ event }) => event === 'denial')).toEqual([]);
  } finally {
    vi.useRealTimers();
  }
});
