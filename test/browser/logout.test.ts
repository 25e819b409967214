import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cookieNames } from '../../src/engine/cookie-names.ts';
import { openTab, startChromium, type Tab, type TabOptions } from './chromium.ts';
import { type DemoApp, startDemoApp } from './demo-app.ts';
import { type Stage, setStage, trailOf } from './stage.ts';

describe('from the demo app', () => {
  let browser: Browser;
  let demo: DemoApp;

  beforeAll(async () => {
    browser = await startChromium();
    demo = await startDemoApp();
  });

  afterAll(async () => {
    await browser?.close();
    await demo?.[Symbol.asyncDispose]();
  });

  /** alice, signed in at the app. */
  async function signedIn(options: TabOptions, use: (tab: Tab) => Promise<void>): Promise<void> {
    const tab = await openTab(browser, options);
    try {
      await tab.page.goto(demo.app.url);
      expect(await tab.page.title()).toBe('Signed in as alice');
      await use(tab);
      expect(tab.complaints).toEqual([]);
    } finally {
      await tab.close();
    }
  }

  const sessionCookie = () => cookieNames(demo.world.issuer).session;
  const session = async ({ context }: Tab) =>
    (await context.cookies()).find(({ name }) => name === sessionCookie())?.value;

  test.each([[true], [false]])('Sign out ends the session (JavaScript: %s)', async (javaScript) => {
    await signedIn({ javaScriptEnabled: javaScript }, async (tab) => {
      const { page } = tab;
      expect(await session(tab)).toBeTypeOf('string');
      await page.getByRole('link', { name: 'Sign out' }).click();
      expect(page.url()).toContain(`${demo.world.issuer}/logout?`);
      expect(await page.locator('main').textContent()).toContain('Demo app asks to sign you out');
      expect(await page.locator('dd').first().textContent()).toContain('alice@example.com');
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.waitForURL(`${demo.app.url}/signed-out`);
      expect(await session(tab)).toBeUndefined();
    });
  });

  test('Stay keeps the session and leads back to the app all the same', async () => {
    await signedIn({}, async (tab) => {
      const { page } = tab;
      await page.getByRole('link', { name: 'Sign out' }).click();
      await page.getByRole('button', { name: 'Stay signed in' }).click();
      await page.waitForURL(`${demo.app.url}/signed-out`);
      expect(await session(tab)).toBeTypeOf('string');
    });
  });

  test.each([[true], [false]])(
    'nobody is asked where the session is gone already (JavaScript: %s)',
    async (javaScript) => {
      await signedIn({ javaScriptEnabled: javaScript }, async ({ page, context }) => {
        await context.clearCookies({ name: sessionCookie() });
        await page.getByRole('link', { name: 'Sign out' }).click();
        if (!javaScript) await page.getByRole('button', { name: 'Continue' }).click();
        await page.waitForURL(`${demo.app.url}/signed-out`);
      });
    },
  );
});

describe('at the login server', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await setStage();
  });

  afterAll(async () => {
    await stage?.[Symbol.asyncDispose]();
  });

  test.each(['origin', 'crossSiteOrigin'] as const)(
    'an app at another %s, which sends people on to a third place',
    async (site) => {
      const third = stage.app[site === 'origin' ? 'crossSiteOrigin' : 'origin'];
      stage.app.answer('/bye', { redirect: `${third}/front` });
      const { url, state } = stage.attempt('web');
      await stage.inTab({}, async ({ page }) => {
        await page.goto(url);
        const query = new URLSearchParams({
          client_id: 'web',
          state,
          post_logout_redirect_uri: `${stage.app[site]}/bye`,
        });
        for (const button of ['Stay signed in', 'Sign out']) {
          await page.goto(`${stage.world.issuer}/logout?${query}`);
          await page.getByRole('button', { name: button }).click();
          await page.waitForURL(`${third}/front`);
        }
      });
      expect(stage.app.arrivedWith('/bye', state)).toHaveLength(2);
    },
  );

  test.each([[true], [false]])(
    'without app and session it ends on a page of ours (JavaScript: %s)',
    async (javaScriptEnabled) => {
      await stage.inTab({ javaScriptEnabled }, async ({ page }) => {
        const { answers } = trailOf(page);
        await page.goto(`${stage.world.issuer}/logout`);
        if (!javaScriptEnabled) await page.getByRole('button', { name: 'Continue' }).click();
        await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
        expect(answers).toEqual([
          `200 ${stage.world.issuer}/logout`,
          `303 ${stage.world.issuer}/logout/confirm`,
          `200 ${stage.world.issuer}/logout/success`,
        ]);
      });
    },
  );

  test('T09: an address that is not registered is never gone to', async () => {
    await stage.inTab({}, async ({ page }) => {
      const query = new URLSearchParams({
        client_id: 'web',
        post_logout_redirect_uri: `${stage.app.origin}/bye/`,
      });
      const answer = await page.goto(`${stage.world.issuer}/logout?${query}`);
      expect(answer?.status()).toBe(400);
      expect(await page.getByRole('button').count()).toBe(0);
    });
  });
});
