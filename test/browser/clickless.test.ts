import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTab, startChromium, type Tab } from './chromium.ts';
import { type DemoApp, startDemoApp } from './demo-app.ts';
import { startPeerProxy } from './peer-proxy.ts';
import { trailOf } from './stage.ts';

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

/** A tab of whoever has this address. */
async function asPeer(address: string, use: (tab: Tab) => Promise<void>): Promise<void> {
  const proxy = await startPeerProxy(address);
  const tab = await openTab(browser, { proxy: proxy.url });
  try {
    await use(tab);
    expect(tab.complaints).toEqual([]);
  } finally {
    await tab.close();
    await proxy.close();
  }
}

test('alice opens the app and is in it, with no page of ours on the way', async () => {
  const tab = await openTab(browser);
  const { page, complaints } = tab;
  const { shown, answers } = trailOf(page);
  await page.goto(demo.app.url);
  expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Signed in as alice');
  expect(shown).toEqual([`${demo.app.url}/`]);
  expect(answers).toEqual([
    `303 ${demo.app.url}/`,
    `303 ${demo.world.issuer}/authorize`,
    `303 ${demo.app.url}/callback`,
    `200 ${demo.app.url}/`,
  ]);
  expect(complaints).toEqual([]);
  await tab.close();
});

test('an app that forgot her takes alice back without a page', async () => {
  const tab = await openTab(browser);
  const { page, context, complaints } = tab;
  await page.goto(demo.app.url);
  await context.clearCookies({ name: 'demo_app_session' });
  const { shown } = trailOf(page);
  await page.reload();
  expect(await page.title()).toBe('Signed in as alice');
  expect(shown).toEqual([`${demo.app.url}/`]);
  expect(complaints).toEqual([]);
  await tab.close();
});

test('bob is bob, from his own address', async () => {
  await asPeer('127.0.0.2', async ({ page }) => {
    const { shown } = trailOf(page);
    await page.goto(demo.app.url);
    expect(await page.title()).toBe('Signed in as bob');
    expect(await page.getByRole('cell', { name: 'userid:2', exact: true }).count()).toBe(2);
    expect(shown).toEqual([`${demo.app.url}/`]);
  });
});

test("T32: bob with all of alice's cookies for the login server is bob", async () => {
  const alice = await openTab(browser);
  await alice.page.goto(demo.app.url);
  const cookies = (await alice.context.cookies()).filter(({ name }) => name.startsWith('tsidp'));
  await alice.close();
  expect(cookies).not.toEqual([]);
  await asPeer('127.0.0.2', async ({ page, context }) => {
    await context.addCookies(cookies);
    await page.goto(demo.app.url);
    expect(await page.title()).toBe('Signed in as bob');
  });
});

test.each([
  ['a tagged machine', '127.0.0.3', /is a machine \(tag:ci\), not a person/],
  ['somebody of another tailnet', '127.0.0.4', /another tailnet/],
  ['nobody', '127.0.0.5', /not come from a device of this tailnet/],
  ['somebody whose device expired', '127.0.0.6', /expired/],
])('%s is told by the app why not', async (_who, address, reason) => {
  await asPeer(address, async ({ page }) => {
    const { shown } = trailOf(page);
    await page.goto(demo.app.url);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Not signed in');
    const told = await page.locator('.refused').textContent();
    expect(told).toMatch(reason);
    expect(told).toContain('access_denied');
    expect(shown).toEqual([`${demo.app.url}/callback`]);
  });
});
