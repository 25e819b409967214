import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { auditLog } from '../../world/audit-log.ts';
import type { Answer, Browser } from '../../world/browser.ts';
import { expectHarmless } from '../../world/harmless.ts';
import { startWorld, type World } from '../../world/world.ts';
import { ask, deviceClients, enter, submit, textOf } from './device.ts';

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

const open = (browser: Browser) => browser.open(`${world.issuer}/device`);

describe('wrong codes', () => {
  const guess = (browser: Browser, page: Answer, code: string, more = {}) =>
    submit(browser, world, page, { user_code: code, ...more });
  const wrongCodes = () =>
    auditLog(world.directory).filter(({ reason }) => reason === 'wrong user code').length;
  const letters = 'BCDFGHJKLMNPQRSTVWXZ';
  const wrong = (index: number) =>
    `BBBB${[0, 1, 2, 3].map((place) => letters[Math.floor(index / 20 ** place) % 20]).join('')}`;

  it('are few for each person, whatever the button and the cookie, and right ones are free', async () => {
    const browser = world.browser();
    for (let count = 0; count < 15; count += 1) {
      const { user_code: code } = await ask(world, 'tv');
      expect(textOf(await enter(browser, world, code))).toContain('Let a device use');
    }
    const begun = await ask(world);
    const before = wrongCodes();
    let page = await open(browser);
    for (let count = 0; count < 10; count += 1) {
      const more = [{}, { confirm: 'yes' }, { abort: 'yes' }][count % 3];
      page = await guess(browser, page, wrong(count), more);
      expect(textOf(page)).toContain('There is no such code');
    }
    const other = world.browser();
    const answers = [
      await guess(browser, page, wrong(11)),
      await guess(other, await open(other), begun.user_code),
    ];
    for (const answer of answers) {
      expect(answer.status).toBe(429);
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
      expect(textOf(answer)).toContain('Too many');
    }
    // somebody else is not held up
    const bob = world.browser('127.0.0.2');
    expect(textOf(await enter(bob, world, begun.user_code))).toContain('Let a device use');
    expect(wrongCodes() - before).toBe(10);
  });

  it('at once count before they are looked up', async () => {
    const tabs = Array.from({ length: 40 }, () => world.browser());
    const opened = await Promise.all(tabs.map(async (tab) => ({ tab, page: await open(tab) })));
    const answers = await Promise.all(
      opened.map(({ tab, page }, index) => guess(tab, page, wrong(index + 100))),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(30);
  });

  it('no code at all, or on a page that is no longer valid, costs nothing', async () => {
    const browser = world.browser();
    for (let count = 0; count < 12; count += 1) {
      const page = await open(browser);
      expect(textOf(await guess(browser, page, ''))).toContain('Enter the code first');
      expect(textOf(await guess(browser, page, wrong(count)))).toContain('no longer valid');
    }
  });

  it.each(['%', '🦑', '<b>', 'x'.repeat(5000), '\0', '--------', "' OR 1=1"])(
    'hostile text %j is a wrong code',
    async (code) => {
      const browser = world.browser();
      const answer = await guess(browser, await open(browser), code);
      expectHarmless(answer);
      expect(textOf(answer)).toMatch(/no such code|Enter the code first/);
    },
  );

  it('twice the parameter, or another body than a form, is refused', async () => {
    const browser = world.browser();
    const begun = await ask(world);
    await open(browser);
    const form = { xsrf: 'x', user_code: [begun.user_code, 'x'] };
    const headers = { origin: world.issuer };
    const twice = await browser.open(`${world.issuer}/device`, { form, headers });
    const body = await browser.open(`${world.issuer}/device`, {
      body: JSON.stringify(form),
      headers: { ...headers, 'content-type': 'application/json' },
    });
    for (const answer of [twice, body]) {
      expect(answer.status).toBe(400);
      expectHarmless(answer);
    }
  });
});
