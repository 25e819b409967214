import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTab, startChromium, type Tab, type TabOptions } from './chromium.ts';
import { look } from './look.ts';
import { type PageServer, startOtherSite, startPageServer } from './page-server.ts';
import { startPeerProxy } from './peer-proxy.ts';
import { samplePages } from './sample-pages.ts';

const unsafe = '<!DOCTYPE html><html lang="en"><title>x</title><body>';

let browser: Browser;
let server: PageServer;

beforeAll(async () => {
  browser = await startChromium();
  server = await startPageServer({
    ...samplePages,
    script: `${unsafe}<script>document.title = 'ran'</script>`,
    style: `${unsafe}<p style="color: red">x</p>`,
    image: `${unsafe}<img alt="" src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=">`,
    'form-elsewhere': `${unsafe}<form method="post" action="http://localhost:65000/"><button>go</button></form>`,
  });
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

async function withTab(path: string, options: TabOptions, use: (tab: Tab) => Promise<void>) {
  const tab = await openTab(browser, options);
  try {
    await tab.page.goto(`${server.origin}/${path}`);
    await use(tab);
  } finally {
    await tab.close();
  }
}

test.each(Object.keys(samplePages))('%s can be read on every screen', async (name) => {
  await withTab(name, {}, async ({ page, complaints }) => {
    await look(page, name);
    expect(complaints).toEqual([]);
  });
});

describe('T17, T26: forms', () => {
  test.each([
    ['confirm', 'Continue', '/interaction/abc123', 'action=continue'],
    ['confirm', 'Cancel', '/interaction/abc123', 'action=cancel'],
    ['logout', 'Sign out', '/logout/confirm', 'xsrf=4b1f&logout=yes'],
    ['logout', 'Stay signed in', '/logout/confirm', 'xsrf=4b1f'],
  ])('%s: %s posts to our own origin, without JavaScript', async (name, button, path, body) => {
    await withTab(name, { javaScriptEnabled: false }, async ({ page, complaints }) => {
      await page.getByRole('button', { name: button }).click();
      await page.waitForURL(server.origin + path);
      const posted = server.posted.at(-1);
      expect(posted).toMatchObject({ path, body });
      // what the daemon's same-origin check looks at
      expect(posted?.headers).toMatchObject({
        origin: server.origin,
        'sec-fetch-site': 'same-origin',
      });
      expect(complaints).toEqual([]);
    });
  });

  test('the keyboard reaches Continue first and shows where it is', async () => {
    await withTab('confirm', {}, async ({ page }) => {
      await page.keyboard.press('Tab');
      const focused = page.locator(':focus');
      expect(await focused.textContent()).toBe('Continue');
      const style = 'getComputedStyle(document.activeElement).outlineStyle';
      expect(await page.evaluate<string>(style)).toBe('solid');
      await page.keyboard.press('Enter');
      await page.waitForURL(`${server.origin}/interaction/abc123`);
      expect(server.posted.at(-1)).toMatchObject({ body: 'action=continue' });
    });
  });
});

test('T31: Try again asks for the same address once more', async () => {
  await withTab('unavailable?state=1', {}, async ({ page }) => {
    const again = page.waitForRequest(`${server.origin}/unavailable?state=1`);
    await page.getByRole('link', { name: 'Try again' }).click();
    expect((await again).method()).toBe('GET');
  });
});

describe('the content security policy', () => {
  test.each(['script', 'style', 'image'])('refuses a %s and is heard', async (name) => {
    await withTab(name, {}, async ({ page, complaints }) => {
      expect(await page.title()).toBe('x');
      expect(complaints).toHaveLength(1);
    });
  });

  test('refuses a form that posts elsewhere', async () => {
    await withTab('form-elsewhere', {}, async ({ page, complaints }) => {
      // noWaitAfter: the navigation it would wait for is the one that must not come
      await page.getByRole('button').click({ noWaitAfter: true });
      await expect.poll(() => complaints.join()).toContain('form-action');
      expect(page.url()).toBe(`${server.origin}/form-elsewhere`);
    });
  });

  test('T17: keeps the confirm page out of frames', async () => {
    const site = await startOtherSite(`<iframe src="${server.origin}/confirm"></iframe>`);
    const tab = await openTab(browser);
    try {
      await tab.page.goto(site.origin);
      await expect.poll(() => tab.complaints.join()).toContain('frame-ancestors');
      expect(tab.page.frames().some((frame) => frame.url().startsWith(server.origin))).toBe(false);
    } finally {
      await tab.close();
      await site.close();
    }
  });
});

test('a popup keeps the link to the app that opened it', async () => {
  const site = await startOtherSite('<title>an app</title>');
  const tab = await openTab(browser);
  try {
    await tab.page.goto(site.origin);
    const opened = tab.page.waitForEvent('popup');
    await tab.page.evaluate(`open('${server.origin}/confirm'), undefined`);
    const popup = await opened;
    await popup.waitForURL(`${server.origin}/confirm`);
    expect(await popup.evaluate<boolean>('opener !== null')).toBe(true);
  } finally {
    await tab.close();
    await site.close();
  }
});

test('a peer proxy lends the browser another address', async () => {
  const proxy = await startPeerProxy('127.0.0.2');
  try {
    await withTab('confirm', { proxy: proxy.url }, async ({ page }) => {
      await page.getByRole('button', { name: 'Cancel' }).click();
      await page.waitForURL(`${server.origin}/interaction/abc123`);
    });
    expect(server.posted.at(-1)).toMatchObject({ peer: '127.0.0.2', body: 'action=cancel' });
    expect(Object.keys(server.posted.at(-1)!.headers)).not.toContain('via');
  } finally {
    await proxy.close();
  }
});
