import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, deviceClients, poll } from '../flows/device/device.ts';
import { failure, tokensOf } from '../world/login.ts';
import { startWorld, type World } from '../world/world.ts';
import { openTab, startChromium, type Tab, type TabOptions } from './chromium.ts';
import { look } from './look.ts';
import { startPeerProxy } from './peer-proxy.ts';

let world: World;
let browser: Browser;

beforeAll(async () => {
  browser = await startChromium();
  world = await startWorld({ clients: deviceClients });
});
afterAll(async () => {
  await browser?.close();
  await world?.[Symbol.asyncDispose]();
});

async function inTab(options: TabOptions, use: (tab: Tab) => Promise<void>): Promise<void> {
  const tab = await openTab(browser, options);
  try {
    await use(tab);
    expect(tab.complaints).toEqual([]);
  } finally {
    await tab.close();
  }
}

describe.each([
  ['with JavaScript', {}],
  ['without JavaScript', { javaScriptEnabled: false }],
])('%s', (name, options) => {
  test('a person types the code and allows the device', async () => {
    const begun = await ask(world, 'psql', {}, '127.0.0.1');
    await inTab(options, async ({ page }) => {
      await page.goto(`${world.issuer}/device`);
      await look(page, `device-flow-code ${name}`);
      // the field has the focus
      await page.keyboard.type(begun.user_code.toLowerCase());
      await page.keyboard.press('Enter');
      expect(await page.locator('.code').textContent()).toBe(begun.user_code);
      expect(await look(page, `device-flow-allow ${name}`)).toContain('your own device');
      await page.getByRole('button', { name: 'Allow' }).click();
      await page.getByRole('heading', { name: 'Your device is allowed' }).waitFor();
      await look(page, `device-flow-done ${name}`);
    });
    expect(tokensOf(await poll(world, begun.device_code)).claims['sub']).toBe('userid:1');
  });

  test('a link brings the code along, and Deny is told to the device', async () => {
    const begun = await ask(world, 'psql', {}, '127.0.0.2');
    await inTab(options, async ({ page }) => {
      await page.goto(begun.verification_uri_complete);
      expect(failure(await poll(world, begun.device_code))).toBe('400 authorization_pending');
      await page.getByRole('button', { name: 'Next' }).click();
      expect(await look(page, `device-flow-warning ${name}`)).toContain('device of bob');
      await page.getByRole('button', { name: 'Deny' }).click();
      await page.getByRole('heading', { name: 'Denied' }).waitFor();
    });
    expect(failure(await poll(world, begun.device_code))).toBe('400 access_denied');
  });
});

test('a wrong code, then the right one', async () => {
  const begun = await ask(world);
  await inTab({}, async ({ page }) => {
    await page.goto(`${world.issuer}/device`);
    await page.getByRole('textbox').fill('BBBBBBBB');
    await page.getByRole('button', { name: 'Next' }).click();
    expect(await page.getByRole('alert').textContent()).toContain('There is no such code');
    await page.getByRole('textbox').fill(begun.user_code);
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByRole('button', { name: 'Allow' }).waitFor();
  });
});

test('a double click on Allow, and Back afterwards, end well', async () => {
  const begun = await ask(world);
  await inTab({}, async ({ page }) => {
    await page.goto(begun.verification_uri_complete);
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByRole('button', { name: 'Allow' }).dblclick();
    await page.getByRole('heading', { name: 'Your device is allowed' }).waitFor();
  });
  tokensOf(await poll(world, begun.device_code));
});

test('a machine at the page reads why not', async () => {
  const proxy = await startPeerProxy('127.0.0.3');
  try {
    await inTab({ proxy: proxy.url }, async ({ page }) => {
      const answer = await page.goto(`${world.issuer}/device`);
      expect(answer?.status()).toBe(403);
      expect(await look(page, 'device-flow-machine')).toContain('is a machine (tag:ci)');
    });
  } finally {
    await proxy.close();
  }
});
