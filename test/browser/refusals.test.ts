import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseHujson } from '../../src/simulator/hujson.ts';
import { look } from './look.ts';
import { startPeerProxy } from './peer-proxy.ts';
import { type Stage, setStage, trailOf } from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await setStage();
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

/** The page says that the operator finds its request in the log: so it must be there, with the reason. */
async function expectLogged(page: Page): Promise<void> {
  const requestId = await page.locator('code').last().textContent();
  expect(requestId).toMatch(/^[\da-f-]{36}$/);
  const lines = stage.world
    .logged()
    .split('\n')
    .filter((line) => line.includes(requestId!));
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ requestId, msg: expect.stringMatching(/\w/) }),
  ]);
}

/** Shows a page to whoever has the address. */
async function seenFrom(
  address: string,
  url: string,
  name: string,
): Promise<{ status: number | undefined; text: string }> {
  const proxy = await startPeerProxy(address);
  let seen = { status: undefined as number | undefined, text: '' };
  try {
    await stage.inTab({ proxy: proxy.url }, async ({ page }) => {
      const answer = await page.goto(url);
      expect(page.url()).toBe(url);
      seen = { status: answer?.status(), text: await look(page, `real-${name}`) };
      if (seen.status !== 200) await expectLogged(page);
    });
  } finally {
    await proxy.close();
  }
  return seen;
}

const alice = '127.0.0.1';
const mallory = '127.0.0.4';
const nobody = '127.0.0.5';

describe('T08: what cannot go back to an app stays here', () => {
  test('a redirect URI that is not registered', async () => {
    const redirect_uri = `${stage.app.origin}/callback/`;
    const { url, state } = stage.attempt('web', { redirect_uri });
    const { status, text } = await seenFrom(alice, url, 'redirect');
    expect(status).toBe(400);
    expect(text).toMatch(/not registered for it/);
    expect(text).toContain('alice@example.com');
    expect(stage.app.arrivedWith('/callback/', state)).toEqual([]);
  });

  test('the same for somebody who may not log in anyway', async () => {
    const { url } = stage.attempt('web', { redirect_uri: 'https://evil.example/' });
    const { status, text } = await seenFrom(mallory, url, 'redirect-stranger');
    expect(status).toBe(400);
    expect(text).toMatch(/not registered for it/);
  });

  test('a client that nobody knows', async () => {
    const { url } = stage.attempt('nobody-knows-me');
    const { status, text } = await seenFrom(alice, url, 'client');
    expect(status).toBe(400);
    expect(text).toMatch(/not registered with this login server/);
  });

  test.each([
    ['somebody of another tailnet', mallory, /another tailnet/],
    ['nobody', nobody, /does not come from a device of this tailnet/],
  ])('the page of a login, for %s', async (who, address, reason) => {
    const name = `denial-${who.replaceAll(' ', '-')}`;
    const { status, text } = await seenFrom(address, `${stage.world.issuer}/interaction/x`, name);
    expect(status).toBe(403);
    expect(text).toMatch(reason);
  });
});

test('the page behind a denial: a machine reads why, and copies the grant', async () => {
  const url = `${stage.world.issuer}/denied?client_id=web`;
  const { status, text } = await seenFrom('127.0.0.3', url, 'denied');
  expect(status).toBe(403);
  expect(text).toContain('tag:ci');
  expect(text).toContain('Wiki');
  expect(text).toContain('machine_login: no rule lets this machine log in to apps');
  const proxy = await startPeerProxy('127.0.0.3');
  try {
    await stage.inTab({ proxy: proxy.url }, async ({ page }) => {
      await page.goto(url);
      const grant = await page.locator('pre').innerText();
      expect(parseHujson(`[${grant}]`, 'the page')).toEqual([
        {
          src: ['tag:ci'],
          dst: ['tag:idp'],
          app: { 'tailscale.com/cap/tsidp': [{ machine_login: true, clients: ['web'] }] },
        },
      ]);
    });
  } finally {
    await proxy.close();
  }
});

describe('the login server itself', () => {
  const home = () => `${stage.world.issuer}/`;

  test('tells alice who she is', async () => {
    const { status, text } = await seenFrom(alice, home(), 'home');
    expect(status).toBe(200);
    expect(text).toContain('alice@example.com');
    expect(text).toContain('Alice Ångström');
    expect(text).toContain(stage.world.issuer);
  });

  test('tells nobody why', async () => {
    const { status, text } = await seenFrom(nobody, home(), 'home-nobody');
    expect(status).toBe(200);
    expect(text).toMatch(/does not come from a device of this tailnet/);
  });

  test('T34: tells alice behind a proxy why', async () => {
    await stage.inTab({}, async ({ page }) => {
      await page.setExtraHTTPHeaders({ 'X-Forwarded-For': '127.0.0.1' });
      await page.goto(home());
      const text = await look(page, 'real-home-proxied');
      expect(text).toMatch(/proxy/);
      expect(text).not.toMatch(/alice/);
    });
  });
});

test('every page with a button, as alice sees it', async () => {
  await stage.inTab({}, async ({ page }) => {
    await page.goto(stage.attempt('careful', { scope: 'openid email groups offline_access' }).url);
    expect(await look(page, 'real-confirm')).toContain('Payroll');
    await page.goto(stage.attempt('immich', { redirect_uri: 'app.immich:///oauth-callback' }).url);
    expect(await look(page, 'real-confirm-native')).toContain('app.immich:');
    await page.goto(stage.attempt('web').url);
    await page.goto(`${stage.world.issuer}/logout?client_id=web`);
    expect(await look(page, 'real-logout')).toContain('Wiki');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
    await look(page, 'real-signed-out');
    await page.goto(`${stage.world.issuer}/interaction/x`);
    expect(await look(page, 'real-expired')).toContain('go back to the app and log in again');
    await expectLogged(page);
  });
});

test('T31: while tailscaled is away there is a page, and Try again goes on when it is back', async () => {
  const attempt = stage.attempt('web');
  const { simulator } = stage.world;
  await stage.inTab({}, async ({ page }) => {
    await simulator.stop();
    const { answers } = trailOf(page);
    try {
      const answer = await page.goto(attempt.url);
      expect(answer?.status()).toBe(503);
      expect(answer?.headers()['retry-after']).toMatch(/^\d+$/);
      expect(await look(page, 'real-away')).toContain('Logins are not possible right now');
      await expectLogged(page);
      await page.getByRole('link', { name: 'Try again' }).click();
      await expect.poll(() => answers.length).toBe(2);
      expect(answers[1]).toMatch(/^503 /);
    } finally {
      await simulator.restart();
    }
    await page.getByRole('link', { name: 'Try again' }).click();
    await page.waitForURL(`${stage.app.origin}/callback?*`);
    const { parameters } = await stage.app.arrival('/callback', attempt.state);
    expect(await attempt.redeem(parameters['code'])).toMatchObject({ sub: 'userid:1' });
  });
});
