import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Stage, setStage } from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await setStage();
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

describe.each(['origin', 'crossSiteOrigin'] as const)('an app at another %s', (site) => {
  test.each([
    ['web', true],
    ['web', false],
    ['careful', true],
    ['careful', false],
  ])('%s gets the code in a form (JavaScript: %s)', async (clientId, javaScriptEnabled) => {
    const callback = `${stage.app[site]}/callback`;
    const attempt = stage.attempt(clientId, { redirect_uri: callback, response_mode: 'form_post' });
    await stage.inTab({ javaScriptEnabled }, async ({ page }) => {
      await page.goto(attempt.url);
      if (clientId === 'careful') await page.getByRole('button', { name: 'Continue' }).click();
      // without scripts: the page of oidc-provider has a button of the same name
      if (!javaScriptEnabled) {
        await page.waitForURL(/\/authorize/);
        await page.getByRole('button', { name: 'Continue' }).click();
      }
      await page.waitForURL(callback);
      const { method, parameters, headers } = await stage.app.arrival('/callback', attempt.state);
      expect(method).toBe('POST');
      expect(parameters).toMatchObject({ iss: stage.world.issuer });
      expect(headers['referer'] ?? '').not.toContain('/authorize');
      expect(await attempt.redeem(parameters['code'])).toMatchObject({ sub: 'userid:1' });
    });
  });

  test('a refusal comes in a form, too', async () => {
    const callback = `${stage.app[site]}/callback`;
    const attempt = stage.attempt('web', {
      redirect_uri: callback,
      response_mode: 'form_post',
      prompt: 'none',
    });
    await stage.inTab({}, async ({ page }) => {
      await page.goto(attempt.url);
      await page.waitForURL(callback);
      const { method, parameters } = await stage.app.arrival('/callback', attempt.state);
      expect([method, parameters['error']]).toEqual(['POST', 'login_required']);
    });
  });
});
