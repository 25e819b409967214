import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { allowInPolicy } from '../world/allow.ts';
import { look } from './look.ts';
import { startOtherSite } from './page-server.ts';
import { startPeerProxy } from './peer-proxy.ts';
import { type Stage, setStage } from './stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});
beforeEach(() => {
  allowInPolicy(stage.world.simulator, [{ src: ['alice@example.com'], allow_admin_ui: true }]);
});

const heading = (page: Page) => page.getByRole('heading', { level: 1 }).textContent();
const codes = (page: Page) => page.locator('dd code').allTextContents();

describe.each([
  ['with JavaScript', {}],
  ['without JavaScript', { javaScriptEnabled: false }],
])('an administrator %s', (how, options) => {
  test('adds an app, corrects what was wrong, edits, renews its secret and removes it', async () => {
    const name = `Wiki ${how}`;
    await stage.inTab(options, async ({ page }) => {
      await page.goto(stage.world.issuer);
      await page.getByRole('link', { name: 'Add an app' }).click();

      await page.getByLabel('Name').fill(name);
      await page.getByLabel('Redirect URIs').fill('javascript:alert(1)');
      await page.getByRole('button', { name: 'Add' }).click();
      const field = page.getByLabel('Redirect URIs');
      expect(await field.getAttribute('aria-invalid')).toBe('true');
      expect(await page.getByRole('alert').textContent()).toContain('“javascript:alert(1)”');
      expect(await page.getByLabel('Name').inputValue()).toBe(name);

      const uris = `${stage.app.origin}/callback\n${stage.app.crossSiteOrigin}/callback`;
      await field.fill(uris);
      await page.getByRole('button', { name: 'Add' }).click();
      expect(await heading(page)).toBe(`${name} is added`);
      const [id = '', secret = ''] = await codes(page);
      expect(secret).toMatch(/^[\w-]{43}$/u);

      await page.getByRole('link', { name: 'Done' }).click();
      await page.getByRole('link', { name }).click();
      expect(await page.getByLabel('Redirect URIs').inputValue()).toBe(`${uris}\n`);
      await page.getByLabel('Name').fill(`${name}, edited`);
      await page.getByRole('button', { name: 'Save' }).click();
      expect(await page.getByRole('status').textContent()).toContain('Saved');
      expect(await heading(page)).toBe(`Edit ${name}, edited`);

      await page.getByText('Make a new secret').first().click();
      await page.getByRole('button', { name: 'Make a new secret' }).click();
      const [sameId, renewed = ''] = await codes(page);
      expect(sameId).toBe(id);
      expect(renewed).not.toBe(secret);
      await page.getByRole('link', { name: 'Edit' }).click();
      expect(await page.content()).not.toContain(renewed);

      await page.getByText('Remove this app').click();
      await page.getByRole('button', { name: 'Remove' }).click();
      expect(await page.getByRole('alert').textContent()).toContain('Check the box');
      await page.getByLabel(`Remove ${name}, edited for good`).check();
      await page.getByRole('button', { name: 'Remove' }).click();
      await page.waitForURL(`${stage.world.issuer}/`);
      expect(await page.getByRole('link', { name }).count()).toBe(0);
    });
  });
});

test('every page can be read on every screen', async () => {
  await stage.inTab({}, async ({ page }) => {
    const { issuer } = stage.world;
    await page.goto(issuer);
    await look(page, 'home-administrator');
    await page.goto(`${issuer}/edit/web`);
    await look(page, 'client-declared');
    await page.goto(`${issuer}/new`);
    await look(page, 'client-new');
    await page.getByLabel('Name').fill(`\u202e${'W'.repeat(200)}`);
    await page.getByLabel('Redirect URIs').fill(`x:${'y'.repeat(300)}\nhttps://a@b.example/`);
    await page.getByRole('button', { name: 'Add' }).click();
    await look(page, 'client-new-wrong');
    await page.getByLabel('Name').fill('W'.repeat(100));
    await page.getByLabel('Redirect URIs').fill(`https://wiki.example/${'y'.repeat(300)}`);
    await page.getByRole('button', { name: 'Add' }).click();
    await look(page, 'client-secret');
    await page.getByRole('link', { name: 'Edit' }).click();
    await page.getByText('Make a new secret').first().click();
    await page.getByText('Remove this app').click();
    await look(page, 'client-edit');
    const label = page.locator('dt', { hasText: 'Authentication' });
    await page.setViewportSize({ width: 1280, height: 800 });
    // no label is broken within a word
    expect((await label.boundingBox())?.height).toBeLessThan(30);
  });
});

test('T25 somebody else sees neither list nor form', async () => {
  const proxy = await startPeerProxy('127.0.0.2');
  try {
    await stage.inTab({ proxy: proxy.url }, async ({ page }) => {
      await page.goto(stage.world.issuer);
      expect(await page.locator('main').textContent()).toContain('bob@example.com');
      expect(await page.getByRole('link').count()).toBe(0);
      await page.goto(`${stage.world.issuer}/new`);
      expect(await heading(page)).toBe('This page is for administrators');
      expect(await page.locator('form').count()).toBe(0);
    });
  } finally {
    await proxy.close();
  }
});

test('T26 T33 a page of another origin cannot submit the form in an administrator’s browser', async () => {
  const { issuer } = stage.world;
  const site = await startOtherSite(
    `<form method="post" action="${issuer}/new"><input name="name" value="Evil"><input name="redirect_uri" value="https://evil.example/"><button>go</button></form>`,
  );
  try {
    await stage.inTab({}, async ({ page }) => {
      await page.goto(site.origin);
      await page.getByRole('button').click();
      await page.waitForURL(`${issuer}/new`);
      expect(await heading(page)).toBe('This request was refused');
      await page.goto(issuer);
      expect(await page.getByRole('link', { name: 'Evil' }).count()).toBe(0);
    });
  } finally {
    await site.close();
  }
});
