import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { inStore, mcp, register, startStrangers } from '../world/strangers-world.ts';
import type { World } from '../world/world.ts';
import { type AppSite, startAppSite } from './app-site.ts';
import { openTab, startChromium, type Tab, type TabOptions } from './chromium.ts';
import { look } from './look.ts';
import { startPeerProxy } from './peer-proxy.ts';

let world: World;
let browser: Browser;
let app: AppSite;
let client: string;

beforeAll(async () => {
  browser = await startChromium();
  app = await startAppSite();
  world = await startStrangers();
});

afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  await app?.close();
  await browser?.close();
});

let count = 0;

// a client of its own for each test, so that none finds another's consent
beforeEach(async () => {
  count += 1;
  client = `stranger-${count}`;
  const metadata = {
    client_name: 'Claude Code',
    redirect_uris: [`${app.origin}/callback`, 'cursor://anysphere.cursor-mcp/oauth/callback'],
  };
  await register(world, client, metadata);
});

function urlOf(state: string, more: Record<string, string> = {}): string {
  const query = new URLSearchParams({
    client_id: client,
    redirect_uri: `${app.origin}/callback`,
    response_type: 'code',
    scope: 'openid email read_file run_code',
    resource: mcp,
    state,
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
    ...more,
  });
  return `${world.issuer}/authorize?${query}`;
}

async function inTab(options: TabOptions, use: (tab: Tab) => Promise<void>): Promise<void> {
  const tab = await openTab(browser, options);
  try {
    await use(tab);
  } finally {
    await tab.close();
  }
}

const button = (page: Page, name: 'Allow' | 'Deny') => page.getByRole('button', { name });
const remembered = () => inStore(world, ({ consents }) => consents.list({ clientId: client }));
const form = (action: string, fields: Record<string, string>) =>
  `<form method="post" action="${action}">${Object.entries(fields)
    .map(([name, value]) => `<input name="${name}" value="${value}">`)
    .join('')}<button>win a prize</button></form>`;

test.each([{}, { javaScriptEnabled: false }])(
  'Allow leads to the app, once: %o',
  async (options) => {
    await inTab(options, async ({ page, complaints }) => {
      await page.goto(urlOf('first'));
      const told = await look(page, 'consent-in-a-login');
      expect(told).toContain('Claude Code');
      expect(told).toContain(new URL(app.origin).host);
      expect(told).toContain('a program on this computer');
      await button(page, 'Allow').click();
      const { parameters } = await app.arrival('/callback', 'first');
      expect(parameters).toMatchObject({ code: expect.any(String), iss: world.issuer });
      await page.goto(urlOf('second'));
      expect(page.url()).toContain(`${app.origin}/callback?code=`);
      expect(complaints).toEqual([]);
    });
  },
);

test('Deny leads to the app, with the error that it knows', async () => {
  await inTab({ javaScriptEnabled: false }, async ({ page, complaints }) => {
    await page.goto(urlOf('denied'));
    await button(page, 'Deny').click();
    const { parameters } = await app.arrival('/callback', 'denied');
    expect(parameters).toMatchObject({ error: 'access_denied', iss: world.issuer });
    expect(parameters).not.toHaveProperty('code');
    expect(complaints).toEqual([]);
  });
});

test('an app with a scheme of its own: the browser follows', async () => {
  await inTab({}, async ({ page }) => {
    await page.goto(
      urlOf('scheme', { redirect_uri: 'cursor://anysphere.cursor-mcp/oauth/callback' }),
    );
    expect(await page.getByText('cursor:', { exact: true }).count()).toBe(1);
    const failed = page.waitForEvent('requestfailed');
    // noWaitAfter: no program here opens such links, so that no page comes
    await button(page, 'Allow').click({ noWaitAfter: true });
    expect((await failed).url()).toMatch(
      /^cursor:\/\/anysphere\.cursor-mcp\/oauth\/callback\?code=/u,
    );
  });
});

describe('T17: the form', () => {
  test('sent twice by a double click brings the person to the app, with one code', async () => {
    await inTab({}, async ({ page }) => {
      await page.goto(urlOf('double'));
      const sent: string[] = [];
      page.on('request', (request) => {
        if (request.method() === 'POST') sent.push(request.url());
      });
      await button(page, 'Allow').dblclick({ noWaitAfter: true });
      await page.waitForURL(`${app.origin}/callback?*`);
      expect(sent.length).toBeGreaterThan(0);
      expect(app.arrivedWith('/callback', 'double')).toHaveLength(1);
      expect(await remembered()).toHaveLength(2);
    });
  });

  test('sent again from a second tab, or by going back, is a page that says so', async () => {
    await inTab({}, async ({ page, context }) => {
      await page.goto(urlOf('replay'));
      const target = page.url();
      const second = await context.newPage();
      await second.goto(target);
      await button(page, 'Allow').click();
      await app.arrival('/callback', 'replay');
      const refused = second.waitForResponse(target);
      await button(second, 'Allow').click();
      expect((await refused).status()).toBe(410);
      expect(await second.locator('main').textContent()).toContain('finished already');
      expect((await page.goBack())?.status()).toBe(410);
      expect(app.arrivedWith('/callback', 'replay')).toHaveLength(1);
    });
  });

  test.each(['origin', 'crossSiteOrigin'] as const)(
    'T33: sent from another %s is refused, even with the right token',
    async (site) => {
      await inTab({}, async ({ page, context }) => {
        await page.goto(urlOf(site));
        const token = (await page.locator('input[name=token]').getAttribute('value')) ?? '';
        app.answer('/evil', { html: form(page.url(), { action: 'allow', token }) });
        const other = await context.newPage();
        await other.goto(`${app[site]}/evil`);
        const answered = other.waitForResponse(page.url());
        await other.getByRole('button').click();
        expect((await answered).status()).toBe(403);
        expect(await remembered()).toEqual([]);
        expect(app.arrivedWith('/callback', site)).toEqual([]);
        // nothing is spoilt: alice herself still can
        await button(page, 'Allow').click();
        await app.arrival('/callback', site);
      });
    },
  );

  test.each(['origin', 'crossSiteOrigin'] as const)(
    'stands in no frame of another %s, from where clicks could be stolen',
    async (site) => {
      await inTab({}, async ({ page, complaints }) => {
        await page.goto(urlOf('framed'));
        for (const url of [page.url(), urlOf('framed')]) {
          app.answer('/evil', { html: `<iframe src="${url.replaceAll('&', '&amp;')}"></iframe>` });
          const before = complaints.length;
          await page.goto(`${app[site]}/evil`);
          await expect.poll(() => complaints.slice(before).join()).toContain('frame-ancestors');
          expect(page.frames().filter((frame) => frame.url().startsWith(world.issuer))).toEqual([]);
        }
      });
    },
  );
});

test('T32: bob cannot answer for alice, even with her cookies', async () => {
  const proxy = await startPeerProxy('127.0.0.2');
  try {
    await inTab({}, async ({ page, context }) => {
      await page.goto(urlOf('bob'));
      const cookies = await context.cookies();
      await inTab({ proxy: proxy.url }, async (bob) => {
        await bob.context.addCookies(cookies);
        expect((await bob.page.goto(page.url()))?.status()).toBe(403);
        expect(await bob.page.getByRole('button').count()).toBe(0);
      });
      expect(await remembered()).toEqual([]);
    });
  } finally {
    await proxy.close();
  }
});
