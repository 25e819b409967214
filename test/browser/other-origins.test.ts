import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cookieNames } from '../../src/engine/cookie-names.ts';
import { openTab } from './chromium.ts';
import { type Stage, setStage } from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await setStage();
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

/** alice at a login that waits for her click. */
async function waiting(page: Page): Promise<{ state: string; target: string }> {
  const { url, state } = stage.attempt('careful');
  await page.goto(url);
  expect(page.url()).toContain('/interaction/');
  return { state, target: page.url() };
}

const form = (action: string, field: string, value: string) =>
  `<form method="post" action="${action}"><input name="${field}" value="${value}"><button>win</button></form>`;

describe.each(['origin', 'crossSiteOrigin'] as const)('T26, T33: a page at another %s', (site) => {
  const evil = () => `${stage.app[site]}/evil`;

  test('T17: cannot press Continue with a form of its own', async () => {
    await stage.inTab({}, async ({ page, context }) => {
      const { state, target } = await waiting(page);
      stage.app.answer('/evil', { html: form(target, 'action', 'continue') });
      const other = await context.newPage();
      await other.goto(evil());
      const sent = other.waitForRequest(target);
      const answered = other.waitForResponse(target);
      await other.getByRole('button').click();
      const cookie = (await (await sent).allHeaders())['cookie'] ?? '';
      // same-site requests bring the cookies along: they are not what protects
      const { interaction } = cookieNames(stage.world.issuer);
      expect(cookie.includes(`${interaction}=`)).toBe(site === 'origin');
      expect((await answered).status()).toBe(403);
      expect(stage.app.arrivedWith('/callback', state)).toEqual([]);
      // and nothing is spoilt: alice herself still can
      await page.getByRole('button', { name: 'Continue' }).click();
      await stage.app.arrival('/callback', state);
    });
  });

  test('T17: nor by a sandboxed frame, whose origin is null', async () => {
    const tab = await openTab(stage.browser);
    const { target, state } = await waiting(tab.page);
    const inner = form(target, 'action', 'continue').replaceAll('"', '&quot;');
    stage.app.answer('/evil', {
      html: `<iframe sandbox="allow-forms" srcdoc="${inner}"></iframe>`,
    });
    await tab.page.goto(evil());
    const answered = tab.page.waitForResponse(target);
    await tab.page.frameLocator('iframe').getByRole('button').click();
    expect((await answered).status()).toBe(403);
    expect((await (await answered).request().allHeaders())['origin']).toBe('null');
    expect(stage.app.arrivedWith('/callback', state)).toEqual([]);
    await tab.close();
  });

  test('cannot sign alice out with a form of its own, not even with the right secret', async () => {
    await stage.inTab({}, async ({ page, context }) => {
      await page.goto(stage.attempt('web').url);
      await page.goto(`${stage.world.issuer}/logout`);
      const xsrf = await page.locator('input[name=xsrf]').getAttribute('value');
      const target = `${stage.world.issuer}/logout/confirm?logout=yes`;
      stage.app.answer('/evil', { html: form(target, 'xsrf', xsrf ?? '') });
      const other = await context.newPage();
      await other.goto(evil());
      const answered = other.waitForResponse(target);
      await other.getByRole('button').click();
      expect((await answered).status()).toBe(403);
      await page.goto(stage.attempt('web', { prompt: 'none' }).url);
      expect(new URL(page.url()).searchParams.get('code')).toBeTypeOf('string');
    });
  });

  test('T17: cannot frame any page of ours', async () => {
    const tab = await openTab(stage.browser);
    const { page, complaints } = tab;
    const { target } = await waiting(page);
    const { issuer } = stage.world;
    const frames = [
      target,
      `${issuer}/`,
      `${issuer}/logout`,
      `${issuer}/logout/success`,
      `${issuer}/authorize?client_id=nobody`,
      stage.attempt('careful').url,
    ].map((url) => `<iframe src="${url.replaceAll('&', '&amp;')}"></iframe>`);
    const plugins = [`<object data="${issuer}/"></object>`, `<embed src="${issuer}/">`];
    for (const html of [...frames, ...plugins]) {
      stage.app.answer('/evil', { html });
      const before = complaints.length;
      await page.goto(evil());
      await expect
        .poll(() => complaints.slice(before).join(), { message: html })
        .toContain('frame-ancestors');
      expect(page.frames().filter((frame) => frame.url().startsWith(issuer))).toEqual([]);
    }
    await tab.close();
  });

  test('reads nothing with fetch, whatever goes along', async () => {
    await stage.inTab({}, async ({ page }) => {
      await page.goto(stage.attempt('web').url);
      const { target } = await waiting(page);
      const { issuer } = stage.world;
      stage.app.answer('/evil', { html: '<title>evil</title>' });
      await page.goto(evil());
      const read = (url: string, init: object) =>
        page.evaluate<string>(
          `fetch(${JSON.stringify(url)}, ${JSON.stringify(init)}).then((response) => response.text()).catch((error) => error.name)`,
        );
      for (const url of [`${issuer}/`, target, `${issuer}/logout`, stage.attempt('web').url]) {
        expect(await read(url, { credentials: 'include' }), url).toBe('TypeError');
        expect(await read(url, { credentials: 'include', mode: 'no-cors' }), url).toBe('');
        const post = { method: 'POST', credentials: 'include', body: 'action=continue' };
        expect(await read(url, post), url).toBe('TypeError');
      }
      expect(await read(`${issuer}/userinfo`, { credentials: 'include' })).toBe('TypeError');
      for (const path of ['/token', '/introspect', '/revoke', '/request', '/logout/confirm']) {
        const post = { method: 'POST', credentials: 'include' };
        expect(await read(issuer + path, post), path).toBe('TypeError');
      }
    });
  });
});

test('T33: a name that somebody points at this server shows nobody anything', async () => {
  await stage.inTab({}, async ({ page }) => {
    const rebound = stage.world.issuer.replace('127.0.0.1', 'localhost');
    for (const path of ['/', '/authorize?client_id=web', '/userinfo', '/logout']) {
      const answer = await page.goto(rebound + path);
      expect(answer?.status(), path).toBe(421);
      expect(await page.content()).not.toMatch(/alice/);
    }
  });
});
