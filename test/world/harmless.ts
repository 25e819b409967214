import { expect } from 'vitest';
import type { Answer } from './browser.ts';

/** Whatever came in: nothing of ours broke, nothing is kept by a cache, nothing of the inside shows. */
export function expectHarmless(answer: Answer): void {
  expect(answer.status).toBeLessThan(500);
  expect(answer.headers['cache-control']).toBe('no-store');
  expect(answer.body).not.toMatch(/\bat .*\.(ts|js):\d+|node_modules|SQLITE|ZodError/);
}
