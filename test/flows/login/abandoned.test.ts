import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { openSqlite } from '../../../src/store/sqlite/sqlite.ts';
import { openApp, parameters, press } from '../../world/app.ts';
import { Browser } from '../../world/browser.ts';
import {
  attempt,
  call,
  codeFor,
  login,
  redeem,
  refresh,
  tokensOf,
  userinfo,
} from '../../world/login.ts';
import { rowsOf } from '../../world/rows.ts';
import { clients, startWorld, type World } from '../../world/world.ts';
import { ask, decide, deviceClients, poll } from '../device/device.ts';

const daySeconds = 86_400;
const television = deviceClients[1] as (typeof clients)[number];

const pass = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);

/** What is left once everything that is over was swept, as the daemon does it every few seconds. */
async function leftOf(world: World): Promise<Record<string, number>> {
  const path = join(world.directory, 'state', 'tsidp.db');
  const store = openSqlite({ path, clock: systemClock });
  while ((await store.sweep(systemClock.nowSeconds(), 1000)) > 0) await store.committed();
  await store.close();
  return rowsOf(world);
}

describe('T39 nothing outlives what was never redeemed', () => {
  let world: World;
  let browser: Browser;
  beforeEach(async () => {
    world = await startWorld({ clients: [...clients, television] });
    vi.useFakeTimers({ toFake: ['Date'] });
    browser = world.browser();
  });
  afterEach(async () => {
    vi.useRealTimers();
    await world[Symbol.asyncDispose]();
  });

  const codes = async () => {
    await codeFor(browser, world.issuer);
    await codeFor(browser, world.issuer, 'spa');
    await codeFor(world.browser(), world.issuer);
  };
  /** Presses the button of the page that an attempt leads to. */
  const click = async (clientId: string, prompt: string) => {
    const page = await browser.follow(attempt(world.issuer, clientId, { prompt }).url);
    return press(browser, page, world);
  };
  const rows: readonly [string, number, () => Promise<unknown>][] = [
    ['codes', 185, codes],
    ['codes behind a page', 15 * 60 + 185, () => click('careful', '')],
    [
      'codes behind a page, of a browser that comes back',
      15 * 60 + 185,
      async () => {
        await codes();
        await click('grafana', 'login');
      },
    ],
    ['pages', 15 * 60 + 185, () => browser.open(attempt(world.issuer, 'careful').url)],
    [
      'requests that were pushed',
      185,
      () => call(world.issuer, '/request', 'grafana', attempt(world.issuer, 'grafana').parameters),
    ],
    [
      'what is refused silently',
      185,
      () => browser.open(attempt(world.issuer, 'grafana', { prompt: 'none' }).url),
    ],
    ['device codes', 785, () => ask(world, 'tv')],
    [
      'device codes that were allowed',
      15 * 60 + 185,
      async () => decide(browser, world, (await ask(world, 'tv')).user_code),
    ],
    ['the device page', 15 * 60 + 185, () => browser.open(`${world.issuer}/device`)],
    [
      'logins that are ended again',
      3600 + 15 * 60 + 185,
      async () => {
        await codes();
        await press(browser, await browser.open(`${world.issuer}/logout`), world, {
          logout: 'yes',
        });
      },
    ],
  ];
  test.each(rows)('%s: gone after %d s', async (_what, seconds, act) => {
    await act();
    pass(seconds);
    expect(await leftOf(world)).toEqual({});
  });

  test('what was redeemed has its whole life: tokens, session, and the end of a session', async () => {
    const code = await codeFor(browser, world.issuer, 'grafana', { max_age: '1000' });
    pass(59);
    const first = tokensOf(await redeem(world.issuer, code));
    // others wait in the same session, and do it no harm
    await codes();
    await click('careful', '');
    pass(12 * daySeconds);
    await codeFor(world.browser('127.0.0.2'), world.issuer);
    pass(185);
    expect(await leftOf(world)).toMatchObject({ sessions: 1, grants: 1 });

    const silent = { prompt: 'none', max_age: String(30 * daySeconds) };
    const again = await login(browser, world.issuer, 'grafana', silent);
    expect(again.claims['auth_time']).toBe(first.claims['auth_time']);
    const second = tokensOf(await refresh(world.issuer, first.refreshToken));
    expect((await userinfo(world.issuer, second.accessToken)).status).toBe(200);
    await press(browser, await browser.open(`${world.issuer}/logout`), world, { logout: 'yes' });
    pass(4 * 3600);
    expect(await leftOf(world)).not.toHaveProperty('sessions');
    expect((await refresh(world.issuer, second.refreshToken)).status).toBe(400);
  });

  test('a device that was allowed has its whole life once it has its tokens', async () => {
    const { device_code: deviceCode, user_code: userCode } = await ask(world, 'tv');
    await decide(browser, world, userCode);
    pass(300);
    const { refreshToken } = tokensOf(await poll(world, deviceCode, 'tv'));
    pass(12 * daySeconds);
    const form = { grant_type: 'refresh_token', refresh_token: refreshToken };
    const secret = { client_id: 'tv', client_secret: television.secret ?? '' };
    const answer = await new Browser().open(`${world.issuer}/token`, {
      form: { ...form, ...secret },
    });
    expect(answer.status).toBe(200);
    // and so has the browser in which it was
    const grafana = await openApp(world, 'grafana');
    const { answer: silent } = await grafana.visit(browser, { prompt: 'none' });
    expect(parameters(silent)).toHaveProperty('code');
  });

  test('a login that is redeemed after its session was ended stays dead', async () => {
    const code = await codeFor(browser, world.issuer);
    const page = await browser.open(`${world.issuer}/logout`);
    await press(browser, page, world, { logout: 'yes' });
    expect((await redeem(world.issuer, code)).status).toBe(400);
    pass(2 * 3600);
    expect(await leftOf(world)).toEqual({});
  });
});
