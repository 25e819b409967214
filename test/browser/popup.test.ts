import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Stage, setStage } from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await setStage();
  stage.app.answer('/callback', {
    html: '<script>(opener ?? parent).postMessage(location.search, origin)</script>',
  });
  stage.app.answer('/front', {
    html: "<script>addEventListener('message', (event) => { document.title = event.data })</script>",
  });
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

/** What the app's window was told by the one that it opened. */
async function told(page: Page): Promise<URLSearchParams> {
  await expect.poll(() => page.title()).toContain('state=');
  return new URLSearchParams(await page.title());
}

describe.each(['origin', 'crossSiteOrigin'] as const)('an app at another %s', (site) => {
  test.each(['web', 'careful'])('%s logs in through a popup, which can tell it', async (id) => {
    const attempt = stage.attempt(id, { redirect_uri: `${stage.app[site]}/callback` });
    await stage.inTab({}, async ({ page }) => {
      await page.goto(`${stage.app[site]}/front`);
      const opened = page.waitForEvent('popup');
      await page.evaluate(`open(${JSON.stringify(attempt.url)}), undefined`);
      const popup = await opened;
      if (id === 'careful') await popup.getByRole('button', { name: 'Continue' }).click();
      const parameters = await told(page);
      expect(parameters.get('state')).toBe(attempt.state);
      const claims = await attempt.redeem(parameters.get('code') ?? '');
      expect(claims).toMatchObject({ sub: 'userid:1' });
    });
  });
});

test('an app renews a login without a page, in a frame of its own', async () => {
  const first = stage.attempt('web');
  const attempt = stage.attempt('web', { prompt: 'none' });
  await stage.inTab({}, async ({ page }) => {
    await page.goto(first.url);
    await page.goto(`${stage.app.origin}/front`);
    await page.evaluate(
      `document.body.append(Object.assign(document.createElement('iframe'), { src: ${JSON.stringify(attempt.url)} }))`,
    );
    const parameters = await told(page);
    expect(parameters.get('state')).toBe(attempt.state);
    expect(parameters.get('error')).toBeNull();
    expect(await attempt.redeem(parameters.get('code') ?? '')).toMatchObject({ sub: 'userid:1' });
  });
});
