import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { auditLog } from '../../world/audit-log.ts';
import { expectHarmless } from '../../world/harmless.ts';
import { failure, json, tokensOf, userinfo } from '../../world/login.ts';
import { startWorld, type World } from '../../world/world.ts';
import { ask, askRaw, decide, deviceClients, enter, poll, textOf } from './device.ts';

const waiting = '400 authorization_pending';
/** Half an hour: every window of a limit is over. */
const windowsLater = () => vi.setSystemTime(Date.now() + 1_800_000);

let world: World;
beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  world = await startWorld({ clients: deviceClients });
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  vi.useRealTimers();
});
// the limits of one test are none of the next one's
afterEach(windowsLater);

describe('a request for a device code', () => {
  it.each([
    ['T02 without its secret', 'tv', { client_secret: '' }, '401 invalid_client'],
    ['T02 with a wrong secret', 'tv', { client_secret: 'wrong' }, '401 invalid_client'],
    ['of no client', 'psql', { client_id: '' }, '400 invalid_request'],
    ['of an unknown client', 'nobody', {}, '401 invalid_client'],
    ['of a client without the grant type', 'spa', {}, '400 unauthorized_client'],
    ['with a request object', 'psql', { request: 'x' }, '400 request_not_supported'],
    ['with claims that are no JSON', 'psql', { claims: '{' }, '400 invalid_request'],
    ['with a resource that is not a URI', 'psql', { resource: 'x' }, '400 invalid_target'],
    ['with a strange hint', 'psql', { id_token_hint: 'x.y.z' }, '400 invalid_request'],
  ])('%s is refused', async (_, id, more, expected) => {
    const answer = await askRaw(world, id, more);
    expect(failure(answer)).toBe(expected);
    expectHarmless(answer);
  });

  it('T14 of one address is bounded for clients without a secret, not for others', async () => {
    for (let count = 0; count < 60; count += 1) await ask(world, 'other', {}, '127.0.0.2');
    const refused = await askRaw(world, 'other', {}, '127.0.0.2');
    expect(refused.status).toBe(429);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expectHarmless(refused);
    await ask(world, 'other', {}, '127.0.0.3');
    await ask(world, 'psql', {}, '127.0.0.2');
    for (let count = 0; count < 70; count += 1) await ask(world, 'tv', {}, '127.0.0.2');
  });

  const fromPage = (headers: Record<string, string>) =>
    world.browser().open(`${world.issuer}/device_authorization`, {
      form: { client_id: 'other' },
      headers,
    });

  it('T33 of a web page that the client does not know is refused', async () => {
    for (const origin of ['https://evil.example', 'null']) {
      const answer = await fromPage({ origin });
      expect(failure(answer)).toBe('400 invalid_request');
      expect(answer.headers).not.toHaveProperty('access-control-allow-origin', origin);
    }
  });

  it.each([
    [{ origin: 'https://page.test', 'sec-fetch-site': 'cross-site' }],
    [{ origin: 'https://page.test' }],
    [{ 'sec-fetch-site': 'same-site' }],
  ])('T33 of a web page with %j is none of the device that shows it', async (headers) => {
    const answer = await fromPage(headers as Record<string, string>);
    const page = await enter(world.browser(), world, String(json(answer)['user_code']));
    expect(textOf(page)).toContain('an unknown caller');
    expect(textOf(page)).toContain('choose Deny: Allow would give them your account');
  });

  it('T14 of scopes and parameters beyond measure is refused or cut', async () => {
    const answer = await askRaw(world, 'psql', { scope: 'a '.repeat(40_000) });
    expect(answer.status).toBe(413);
    const long = await askRaw(world, 'psql', { scope: `openid ${'x'.repeat(20_000)}` });
    expect(failure(long)).toBe('400 invalid_request');
    const names = await ask(world, 'psql', { scope: `openid ${'x'.repeat(4000)}` });
    expect(names.user_code).toMatch(/-/);
  });
});

describe('a poll', () => {
  it('T01 of another client is refused and takes nothing from its owner', async () => {
    const begun = await ask(world, 'psql');
    for (let tries = 0; tries < 5; tries += 1) {
      expect(failure(await poll(world, begun.device_code, 'other'))).toBe('400 invalid_grant');
    }
    // nor is the owner slowed down
    expect(failure(await poll(world, begun.device_code))).toBe(waiting);
    await decide(world.browser(), world, begun.user_code);
    expect(failure(await poll(world, begun.device_code, 'other'))).toBe('400 invalid_grant');
    const { accessToken } = tokensOf(await poll(world, begun.device_code));
    expect(failure(await poll(world, begun.device_code, 'other'))).toBe('400 invalid_grant');
    expect((await userinfo(world.issuer, accessToken)).status).toBe(200);
  });

  it('T02 of a confidential client without its secret gets nothing', async () => {
    const begun = await ask(world, 'tv');
    await decide(world.browser(), world, begun.user_code);
    for (const client_secret of ['', 'wrong']) {
      const answer = await poll(world, begun.device_code, 'tv', { client_secret });
      expect(failure(answer)).toBe('401 invalid_client');
    }
    tokensOf(await poll(world, begun.device_code, 'tv'));
  });

  it.each([
    ['without a code', { device_code: '' }, '400 invalid_request'],
    ['with an unknown code', { device_code: 'x'.repeat(43) }, '400 invalid_grant'],
    ['with a code beyond measure', { device_code: 'x'.repeat(30_000) }, '400 invalid_grant'],
  ])('%s is refused', async (_, more, expected) => {
    const answer = await poll(world, 'x', 'psql', more);
    expect(failure(answer)).toBe(expected);
    expectHarmless(answer);
  });

  it('with the user code, or the page with the device code, leads nowhere', async () => {
    const begun = await ask(world);
    expect(failure(await poll(world, begun.user_code))).toBe('400 invalid_grant');
    const page = await enter(world.browser(), world, begun.device_code);
    expect(textOf(page)).toContain('There is no such code');
  });

  it('says why in words', async () => {
    const answer = json(await poll(world, 'unknown-code'));
    expect(answer['error_description']).toBe('device code not found');
  });
});

it('the audit tells the whole story, without a code', async () => {
  const begun = await ask(world, 'psql', {}, '127.0.0.2');
  await decide(world.browser(), world, begun.user_code);
  tokensOf(await poll(world, begun.device_code));
  const story = auditLog(world.directory).slice(-3);
  expect(story.map(({ event, subject }) => [event, subject])).toEqual([
    ['device', 'userid:2'],
    ['login', 'userid:1'],
    ['token', 'userid:1'],
  ]);
  const written = JSON.stringify(auditLog(world.directory)) + world.logged();
  for (const secret of [begun.device_code, begun.user_code, begun.user_code.replace('-', '')]) {
    expect(written).not.toContain(secret);
  }
});
