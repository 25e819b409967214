import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { viewports } from './chromium.ts';
import { faintTexts, overflowPx } from './measure.ts';

/** Kept for people to look at; `SCREENSHOTS=directory` says where. */
const screenshots = process.env['SCREENSHOTS'] ?? mkdtempSync(join(tmpdir(), 'tsidp-pages-'));

/**
 * Sees to it that the page can be read and its buttons hit, on both screens, in light and dark, and takes a
 * screenshot of each; what the page says.
 */
export async function look(page: Page, name: string): Promise<string> {
  for (const [screen, size] of Object.entries(viewports)) {
    await page.setViewportSize(size);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      const path = join(screenshots, `${name}-${screen}-${colorScheme}.png`);
      await page.screenshot({ path, fullPage: true });
      expect(await overflowPx(page), path).toBe(0);
      expect(await faintTexts(page), path).toEqual([]);
      for (const button of await page.locator('button, .button').all()) {
        expect((await button.boundingBox())?.height, path).toBeGreaterThanOrEqual(44);
      }
    }
  }
  return (await page.locator('main').textContent()) ?? '';
}
