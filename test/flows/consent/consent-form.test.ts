import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { auditLog } from '../../world/audit-log.ts';
import { type Answer, Browser } from '../../world/browser.ts';
import {
  alicesPhone,
  ask,
  bobs,
  formOf,
  inStore,
  isConsent,
  outcome,
  post,
  press,
  redeem,
  register,
  startStrangers,
} from '../../world/strangers-world.ts';
import type { World } from '../../world/world.ts';

let world: World;

beforeEach(async () => {
  world = await startStrangers();
});
afterEach(async () => {
  vi.useRealTimers();
  await world[Symbol.asyncDispose]();
});

/** A browser at another address with everything that this one keeps. */
function copyOf(browser: Browser, address?: string): Browser {
  const copy = new Browser(address);
  for (const [name, cookie] of browser.jar) copy.jar.set(name, cookie);
  return copy;
}

const expectPage = (answer: Answer, status: number, words: RegExp) => {
  expect(answer).toMatchObject({ status, location: undefined });
  expect(answer.headers['content-type']).toMatch(/^text\/html/u);
  expect(answer.body).toMatch(words);
};

const remembered = () => inStore(world, ({ consents }) => consents.list({}));

describe('T17: the form', () => {
  test('of the page alone counts: its token, and one of the two buttons', async () => {
    const asked = await ask(world);
    const other = await ask(world, {}, copyOf(asked.browser));
    for (const token of [
      '',
      'x',
      formOf(other.answer).token,
      formOf(asked.answer).token.slice(1),
    ]) {
      expectPage(await post(world, asked, { token }), 403, /does not come from the page/u);
    }
    for (const action of ['', 'continue', 'Allow']) {
      expect((await post(world, asked, { action })).status).toBe(400);
    }
    const { action, token } = formOf(asked.answer);
    const twice = await asked.browser.open(new URL(action, world.issuer), {
      form: { token: [token, token], action: 'allow' },
      headers: { origin: world.issuer },
    });
    expect(twice.status).toBe(403);
    expect(await remembered()).toEqual([]);
    // nothing is spoilt
    expect(outcome(await press(world, asked))).toHaveProperty('code');
  });

  test.each([
    { origin: 'https://evil.test' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ])('T33: is not taken from another page: %o', async (headers) => {
    const asked = await ask(world);
    expectPage(await post(world, asked, {}, headers), 403, /other web pages/u);
    expect(await remembered()).toEqual([]);
    expect(outcome(await press(world, asked))).toHaveProperty('code');
  });

  test('sent again is a page that says so, and no second code', async () => {
    const asked = await ask(world);
    const copy = copyOf(asked.browser);
    expect(outcome(await press(world, asked))).toHaveProperty('code');
    for (const browser of [asked.browser, copy]) {
      expectPage(await post(world, { ...asked, browser }), 410, /finished already/u);
      expectPage(
        await post(world, { ...asked, browser }, { action: 'deny' }),
        410,
        /finished already/u,
      );
    }
    expect(auditLog(world.directory).filter(({ event }) => event === 'consent')).toHaveLength(1);
  });

  test('sent twice at once, and followed twice at once, gives one code', async () => {
    for (let time = 0; time < 10; time += 1) {
      const asked = await ask(world, { prompt: 'consent' });
      const both = [asked.browser, copyOf(asked.browser)];
      const answers = await Promise.all(
        both.map(async (browser) => ({
          browser,
          location: (await post(world, { ...asked, browser })).location ?? '',
        })),
      );
      const followed = await Promise.all(
        answers.map(({ browser, location }) => browser.follow(location)),
      );
      const codes = followed.flatMap((answer) => answer.location?.searchParams.get('code') ?? []);
      expect(codes).toHaveLength(1);
      const failed = followed.find((answer) => !answer.location?.searchParams.has('code'));
      expect(failed?.status).toBe(400);
    }
  });

  test('is answered by the last button that was pressed, as long as nothing was given', async () => {
    const asked = await ask(world);
    await post(world, asked, { action: 'allow' });
    const denied = await press(world, asked, 'deny');
    expect(outcome(denied)['error']).toBe('access_denied');
    expect(await remembered()).toEqual([]);
  });

  test('of a page that has expired is a page that says so', async () => {
    const asked = await ask(world);
    vi.useFakeTimers({ toFake: ['Date'] });
    vi.setSystemTime(Date.now() + 901_000);
    expectPage(await post(world, asked), 410, /expired/u);
    expect(await remembered()).toEqual([]);
  });

  test('of a client that has changed its name since is not taken', async () => {
    const asked = await ask(world);
    await register(world, 'stranger', { client_name: 'Your bank' });
    expectPage(await post(world, asked), 403, /log in again/u);
    const again = await asked.browser.open(new URL(formOf(asked.answer).action, world.issuer));
    expect(again.body).toContain('Your bank');
    expect(outcome(await press(world, { ...asked, answer: again }))).toHaveProperty('code');
  });

  test('of a client that is gone is not taken', async () => {
    const asked = await ask(world);
    await inStore(world, ({ clients }) => clients.remove('stranger'));
    expectPage(await post(world, asked), 410, /log in again/u);
  });
});

describe.each([
  ["T32: another person's", bobs],
  ["T32: the person's other", alicesPhone],
])('%s device', (_, address) => {
  test.each([{}, { prompt: 'login' }])('neither sees nor sends the form: %o', async (more) => {
    const asked = await ask(world, more);
    const thief = copyOf(asked.browser, address);
    const page = await thief.open(new URL(formOf(asked.answer).action, world.issuer));
    expectPage(page, 403, /begun by another person or device/u);
    expectPage(
      await post(world, { ...asked, browser: thief }),
      403,
      /begun by another person or device/u,
    );
    expect(await remembered()).toEqual([]);
  });

  test('does not go on where the person said yes', async () => {
    const asked = await ask(world);
    const { location } = await post(world, asked);
    const thief = copyOf(asked.browser, address);
    expectPage(await thief.follow(location ?? ''), 403, /begun by another person or device/u);
    expect(await remembered()).toEqual([]);
    const own = await asked.browser.follow(location ?? '');
    expect((await redeem(world, { ...asked, answer: own })).claims['sub']).toBe('userid:1');
  });
});

test('T17: the page stands in no frame, runs no script and is kept by no cache', async () => {
  const { answer } = await ask(world);
  expect(isConsent(answer)).toBe(true);
  const policy = String(answer.headers['content-security-policy']);
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).toMatch(/script-src(?:;|$)/u);
  expect(answer.headers).toMatchObject({
    'x-frame-options': 'DENY',
    'cache-control': 'no-store',
    'referrer-policy': 'same-origin',
  });
});

test('T22: no token of a form in log or audit', async () => {
  const asked = await ask(world);
  await press(world, asked);
  const { token } = formOf(asked.answer);
  expect(world.logged()).not.toContain(token);
  expect(JSON.stringify(auditLog(world.directory))).not.toContain(token);
});
