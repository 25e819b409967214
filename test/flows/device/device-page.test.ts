import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cookieNames } from '../../../src/engine/cookie-names.ts';
import type { Browser } from '../../world/browser.ts';
import { expectHarmless } from '../../world/harmless.ts';
import { failure } from '../../world/login.ts';
import { startWorld, type World } from '../../world/world.ts';
import { ask, deviceClients, enter, poll, submit, textOf } from './device.ts';

const waiting = '400 authorization_pending';
let world: World;
beforeAll(async () => {
  world = await startWorld({ clients: deviceClients });
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
});

const open = (browser: Browser) => browser.open(`${world.issuer}/device`);

describe('who is no person of the tailnet', () => {
  it.each([
    ['a machine', '127.0.0.3', 'is a machine (tag:ci), not a person'],
    ['a guest of another tailnet', '127.0.0.4', ''],
    ['nobody we know', '127.0.0.5', ''],
    ['a device whose key expired', '127.0.0.6', ''],
  ])('%s sees no page and allows nothing, cookie or not', async (_, address, words) => {
    const begun = await ask(world);
    const alice = world.browser();
    const page = await enter(alice, world, begun.user_code);
    const stranger = world.browser(address);
    const answers = [await open(stranger)];
    for (const [name, cookie] of alice.jar) stranger.jar.set(name, cookie);
    answers.push(
      await open(stranger),
      await submit(stranger, world, page, { confirm: 'yes' }),
      await submit(stranger, world, page, { abort: 'yes' }),
    );
    for (const answer of answers) {
      expect(answer.status).toBe(403);
      expect(textOf(answer)).toContain(words);
      expect(answer.body).not.toContain('name="user_code"');
      expectHarmless(answer);
    }
    expect(failure(await poll(world, begun.device_code))).toBe(waiting);
  });
});

describe('T32 the page and its session', () => {
  it("another person's cookie speaks for nobody", async () => {
    const begun = await ask(world);
    const alice = world.browser();
    const page = await enter(alice, world, begun.user_code);
    const before = alice.jar.get(cookieNames(world.issuer).session)?.value;
    const bob = world.browser('127.0.0.2');
    for (const [name, cookie] of alice.jar) bob.jar.set(name, cookie);

    for (const button of ['confirm', 'abort']) {
      const answer = await submit(bob, world, page, { [button]: 'yes' });
      expect(answer.status).toBe(403);
      expect(textOf(answer)).toContain('another person or device');
    }
    expect(failure(await poll(world, begun.device_code))).toBe(waiting);

    // the page itself gives bob a session of his own, and alice keeps hers
    const own = await open(bob);
    expect(textOf(own)).toContain('bob@example.com');
    expect(bob.jar.get(cookieNames(world.issuer).session)?.value).not.toBe(before);
    const done = await submit(alice, world, page, { confirm: 'yes' });
    expect(textOf(done)).toMatch(/^Your device is allowed/);
  });

  it.each([
    ['without a session', (browser: Browser) => browser.jar.clear(), 410],
    ['with a made-up session', (browser: Browser) => forge(browser), 410],
  ])('a form %s is refused and costs nothing', async (_, spoil, status) => {
    const begun = await ask(world);
    const browser = world.browser();
    const page = await enter(browser, world, begun.user_code);
    spoil(browser);
    const answer = await submit(browser, world, page, { confirm: 'yes' });
    expect(answer.status).toBe(status);
    expectHarmless(answer);
    expect(failure(await poll(world, begun.device_code))).toBe(waiting);
  });

  it('a form without the secret, or with that of an older page, asks again', async () => {
    const begun = await ask(world);
    const browser = world.browser();
    const page = await enter(browser, world, begun.user_code);
    await open(browser);
    for (const more of [{}, { xsrf: '' }, { xsrf: 'x' }]) {
      const answer = await submit(browser, world, page, { ...more, confirm: 'yes' });
      expect(textOf(answer)).toContain('This page was no longer valid');
      expect(answer.body).toContain(`value="${begun.user_code}"`);
    }
    expect(failure(await poll(world, begun.device_code))).toBe(waiting);
  });
});

function forge(browser: Browser): void {
  for (const [name, cookie] of browser.jar) browser.jar.set(name, { ...cookie, value: 'forged' });
}

describe('T33 other web pages', () => {
  it.each([
    [{ origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    [{ origin: 'https://app.tailnet.test', 'sec-fetch-site': 'same-site' }],
    [{ 'sec-fetch-site': 'same-site' }],
    [{ origin: 'null' }],
  ])('with %j press no button and read no page', async (headers) => {
    const begun = await ask(world);
    const browser = world.browser();
    const page = await enter(browser, world, begun.user_code);
    const answers = [
      await submit(browser, world, page, { confirm: 'yes' }, headers as Record<string, string>),
      await browser.open(`${world.issuer}/device`, { headers: headers as Record<string, string> }),
    ];
    for (const answer of answers) {
      expect(answer.status).toBe(403);
      expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
    }
    expect(failure(await poll(world, begun.device_code))).toBe(waiting);
  });

  it('may lead to the page, which stands in no frame and runs nothing', async () => {
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    const page = await world.browser().open(`${world.issuer}/device`, { headers });
    expect(page.status).toBe(200);
    expect(page.headers['x-frame-options']).toBe('DENY');
    const policy = String(page.headers['content-security-policy']);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("form-action 'self'");
    expect(policy).toMatch(/script-src(;|$)/);
    expect(page.body).not.toMatch(/<script|onload|onfocus/);
  });

  it('a foreign Host gets neither a code nor a page', async () => {
    const headers = { host: 'evil.example' };
    const form = { client_id: 'psql' };
    const url = `${world.issuer}/device_authorization`;
    expect((await world.browser().open(url, { form, headers })).status).toBe(421);
    expect((await world.browser().open(`${world.issuer}/device`, { headers })).status).toBe(421);
  });
});
