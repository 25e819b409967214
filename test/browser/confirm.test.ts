import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../world/until.ts';
import { startPeerProxy } from './peer-proxy.ts';
import { type Attempt, type Stage, setStage, trailOf } from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await setStage();
});

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

const pageOfOurs = (): RegExp =>
  new RegExp(`^${stage.world.issuer.replaceAll('.', '\\.')}/interaction/[A-Za-z0-9_-]+$`);

/** The app gets a code for its own request, and it is alice's. */
async function expectAlice(attempt: Attempt) {
  const { parameters } = await stage.app.arrival('/callback', attempt.state);
  expect(parameters).toMatchObject({ state: attempt.state, iss: stage.world.issuer });
  const claims = await attempt.redeem(parameters['code']);
  expect(claims).toMatchObject({ sub: 'userid:1', email: 'alice@example.com' });
  return claims;
}

const sites = ['origin', 'crossSiteOrigin'] as const;

describe.each(sites)('an app at another %s', (site) => {
  const begin = () => stage.attempt('careful', { redirect_uri: `${stage.app[site]}/callback` });

  test.each([
    ['by mouse', {}, 'mouse'],
    ['by mouse without JavaScript', { javaScriptEnabled: false }, 'mouse'],
    ['by keyboard', {}, 'keyboard'],
    ['by keyboard without JavaScript', { javaScriptEnabled: false }, 'keyboard'],
  ])('Continue %s', async (_name, options, by) => {
    const attempt = begin();
    await stage.inTab(options, async ({ page }) => {
      await page.goto(attempt.url);
      expect(page.url()).toMatch(pageOfOurs());
      const heading = page.getByRole('heading', { level: 1 });
      expect(await heading.textContent()).toBe('Continue as alice@example.com to Payroll?');
      if (by === 'mouse') {
        await page.getByRole('button', { name: 'Continue' }).click();
      } else {
        await page.keyboard.press('Tab');
        await page.keyboard.press('Enter');
      }
      await page.waitForURL(`${stage.app[site]}/callback?*`);
      await expectAlice(attempt);
    });
  });

  test('Cancel tells the app', async () => {
    const attempt = begin();
    await stage.inTab({}, async ({ page }) => {
      await page.goto(attempt.url);
      await page.getByRole('button', { name: 'Cancel' }).click();
      await page.waitForURL(`${stage.app[site]}/callback?*`);
      const { parameters } = await stage.app.arrival('/callback', attempt.state);
      expect(parameters).toMatchObject({
        error: 'access_denied',
        state: attempt.state,
        iss: stage.world.issuer,
      });
      expect(parameters).not.toHaveProperty('code');
    });
  });

  test('an app that sends people on to another place of its own', async () => {
    const attempt = begin();
    const elsewhere = stage.app[site === 'origin' ? 'crossSiteOrigin' : 'origin'];
    stage.app.answer('/callback', { redirect: `${elsewhere}/inside` });
    try {
      await stage.inTab({}, async ({ page }) => {
        await page.goto(attempt.url);
        await page.getByRole('button', { name: 'Continue' }).click();
        await page.waitForURL(`${elsewhere}/inside`);
        await expectAlice(attempt);
      });
    } finally {
      stage.app.answer('/callback', { html: '<title>in</title>' });
    }
  });
});

test('a double click on Continue logs in once', async () => {
  const attempt = stage.attempt('careful');
  await stage.inTab({}, async ({ page }) => {
    await page.goto(attempt.url);
    await page.getByRole('button', { name: 'Continue' }).dblclick();
    await page.waitForURL(`${stage.app.origin}/callback?*`);
    await expectAlice(attempt);
  });
});

describe('a login that is over', () => {
  test('Back does not show its page again', async () => {
    const attempt = stage.attempt('careful');
    await stage.inTab({}, async ({ page }) => {
      await page.goto(attempt.url);
      await page.getByRole('button', { name: 'Continue' }).click();
      await page.waitForURL(`${stage.app.origin}/callback?*`);
      await expectAlice(attempt);
      const back = await page.goBack();
      expect(back?.status()).toBe(410);
      expect(await page.locator('.notice').textContent()).toMatch(/expired or was finished/);
      expect(await page.getByRole('button').count()).toBe(0);
    });
  });

  test('Continue in a second tab leads to a page that says so', async () => {
    const attempt = stage.attempt('careful');
    await stage.inTab({}, async ({ page, context }) => {
      await page.goto(attempt.url);
      const second = await context.newPage();
      await second.goto(page.url());
      await page.getByRole('button', { name: 'Continue' }).click();
      await page.waitForURL(`${stage.app.origin}/callback?*`);
      const { answers } = trailOf(second);
      await second.getByRole('button', { name: 'Continue' }).click();
      await second.getByText(/expired or was finished/).waitFor();
      expect(answers).toEqual([`410 ${second.url()}`]);
      expect(stage.app.arrivedWith('/callback', attempt.state)).toHaveLength(1);
      // the login of the first tab is not harmed
      await expectAlice(attempt);
    });
  });
});

test('two logins at once in two tabs do not get in each other’s way', async () => {
  const [first, second] = [stage.attempt('careful'), stage.attempt('careful')];
  await stage.inTab({}, async ({ page, context }) => {
    await page.goto(first.url);
    const other = await context.newPage();
    await other.goto(second.url);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.waitForURL(`${stage.app.origin}/callback?*`);
    await expectAlice(first);
    await other.getByRole('button', { name: 'Continue' }).click();
    await other.waitForURL(`${stage.app.origin}/callback?*`);
    await expectAlice(second);
  });
});

test('prompt=login and an exceeded max_age move auth_time, and say why there is a page', async () => {
  await stage.inTab({}, async ({ page }) => {
    const logIn = async (more: Record<string, string>, why?: RegExp): Promise<number> => {
      const attempt = stage.attempt('web', more);
      await page.goto(attempt.url);
      if (why) {
        expect(page.url()).toMatch(pageOfOurs());
        expect(await page.getByText('You are asked because').textContent()).toMatch(why);
        await page.getByRole('button', { name: 'Continue' }).click();
      }
      await page.waitForURL(`${stage.app.origin}/callback?*`);
      return Number((await expectAlice(attempt))['auth_time']);
    };
    const olderThan = (time: number, seconds: number) =>
      until('time passes', () => Math.floor(Date.now() / 1000) > time + seconds);

    const first = await logIn({ max_age: '1000' });
    await olderThan(first, 0);
    expect(await logIn({ max_age: '1000' })).toBe(first);
    const again = await logIn({ max_age: '1000', prompt: 'login' }, /log in again/);
    expect(again).toBeGreaterThan(first);
    await olderThan(again, 1);
    const aged = await logIn({ max_age: '1' }, /too long ago/);
    expect(aged).toBeGreaterThan(again + 1);
  });
});

test('an app with a scheme of its own: the browser follows, with nothing of ours in the way', async () => {
  const attempt = stage.attempt('immich', { redirect_uri: 'app.immich:///oauth-callback' });
  await stage.inTab({}, async ({ page }) => {
    await page.goto(attempt.url);
    expect(await page.getByText('app.immich:').count()).toBe(1);
    const failed = page.waitForEvent('requestfailed');
    // noWaitAfter: no program here opens such links, so that no page comes
    await page.getByRole('button', { name: 'Continue' }).click({ noWaitAfter: true });
    const followed = new URL((await failed).url());
    expect(followed.href).toMatch(/^app\.immich:\/\/\/oauth-callback\?/);
    expect(Object.fromEntries(followed.searchParams)).toEqual({
      code: expect.stringMatching(/^[\w-]{20,}$/),
      state: attempt.state,
      iss: stage.world.issuer,
    });
  });
});

test("T32: bob cannot finish alice's login, even with her cookies", async () => {
  const attempt = stage.attempt('careful');
  const proxy = await startPeerProxy('127.0.0.2');
  try {
    await stage.inTab({}, async ({ page, context }) => {
      await page.goto(attempt.url);
      const cookies = await context.cookies();
      await stage.inTab({ proxy: proxy.url }, async (bob) => {
        await bob.context.addCookies(cookies);
        const answer = await bob.page.goto(page.url());
        expect(answer?.status()).toBe(403);
        const told = await bob.page.locator('main').textContent();
        expect(told).toContain('This login was begun by another person or device.');
        expect(told).toContain('bob@example.com');
        expect(await bob.page.getByRole('button').count()).toBe(0);
      });
    });
  } finally {
    await proxy.close();
  }
});
