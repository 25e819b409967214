import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attempt, codeFor } from '../../world/login.ts';
import { startWorld, type World } from '../../world/world.ts';

describe('T39 logins in a minute', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ limits: { authorizationsPerMinute: 20 } });
  });
  afterAll(() => world[Symbol.asyncDispose]());

  test('are bounded for a device, and for nobody else; a silent one is told the app', async () => {
    const alices = world.browser();
    for (let count = 0; count < 20; count += 1) await codeFor(alices, world.issuer);

    const page = await alices.open(attempt(world.issuer, 'grafana').url);
    expect([page.status, page.location]).toEqual([429, undefined]);
    expect(Number(page.headers['retry-after'])).toBeGreaterThan(0);
    expect(page.body).toContain('this device began too many logins'.slice(1));
    const silent = await alices.open(attempt(world.issuer, 'grafana', { prompt: 'none' }).url);
    expect(silent.location?.searchParams.get('error')).toBe('temporarily_unavailable');

    await codeFor(world.browser('127.0.0.2'), world.issuer);
  });

  test.each([
    ['/device', 120],
    ['/logout', 120],
  ])('pages that keep something (%s) are bounded, too', async (path, most) => {
    await using fresh = await startWorld();
    const statuses: number[] = [];
    for (let count = 0; count <= most; count += 1) {
      statuses.push((await fresh.browser().open(fresh.issuer + path)).status);
    }
    expect(statuses.slice(0, most)).toEqual(statuses.slice(0, most).fill(200));
    expect(statuses.at(-1)).toBe(429);
    // one that has a session opens as many as it likes
    const bobs = fresh.browser('127.0.0.2');
    for (let count = 0; count <= most; count += 1) {
      expect((await bobs.open(fresh.issuer + path)).status).toBe(200);
    }
  });

  test('pages that wait for a click are bounded', async () => {
    await using fresh = await startWorld();
    const browser = fresh.browser();
    const open = () => browser.open(attempt(fresh.issuer, 'careful').url);
    for (let count = 0; count < 120; count += 1) expect((await open()).status).toBe(303);
    expect([(await open()).status, (await open()).location]).toEqual([429, undefined]);
    await codeFor(browser, fresh.issuer);
  });
});
