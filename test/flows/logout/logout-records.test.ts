import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openApp, press } from '../../world/app.ts';
import { auditLog } from '../../world/audit-log.ts';
import { Browser } from '../../world/browser.ts';
import { startWorld, type World } from '../../world/world.ts';

const yes = { logout: 'yes' };

describe('what a logout leaves behind', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const logout = (browser: Browser, query: Record<string, string> = {}) =>
    browser.open(`${world.issuer}/logout?${new URLSearchParams(query)}`);

  const openStore = () =>
    new DatabaseSync(join(world.directory, 'state', 'tsidp.db'), { readOnly: true });

  test('T14 a session that is nobody’s lives as long as a page may wait', async () => {
    using database = openStore();
    const newest = database.prepare('SELECT expires_at AS at FROM sessions ORDER BY id DESC');
    const lifeSeconds = () => Number(newest.get()?.['at']) - Date.now() / 1000;
    const [browser, forger] = [new Browser('127.0.0.5'), new Browser('127.0.0.5')];
    await logout(browser);
    expect(lifeSeconds()).toBeLessThanOrEqual(900);
    // a cookie of no session makes one as well
    for (const name of browser.jar.keys()) forger.jar.set(name, { value: 'x', path: '/' });
    const app = await openApp(world, 'grafana');
    await app.visit(forger);
    expect(lifeSeconds()).toBeLessThanOrEqual(900);
    const alice = new Browser();
    await logout(alice);
    await app.login(alice);
    expect(lifeSeconds()).toBeGreaterThan(86_400);
  });

  const recorded = () => auditLog(world.directory).filter(({ event }) => event === 'logout').length;

  test('T14 of nobody leaves nothing behind: no record, no row', async () => {
    using database = openStore();
    const rows = () =>
      ['records', 'sessions', 'audit'].map((table) =>
        database.prepare(`SELECT count(*) AS rows FROM ${table}`).get(),
      );
    const before = rows();
    for (const address of ['127.0.0.1', '127.0.0.5', '127.0.0.9']) {
      const browser = new Browser(address);
      const answer = await press(browser, await logout(browser), world, yes);
      expect(answer.body).toContain('You are signed out');
    }
    expect(rows()).toEqual(before);
  });

  test('is recorded when it happens, and not when somebody stays', async () => {
    const browser = new Browser();
    await (await openApp(world, 'grafana')).login(browser);
    const before = recorded();
    await press(browser, await logout(browser, { client_id: 'grafana' }), world, {});
    expect(recorded()).toBe(before);
    await press(browser, await logout(browser), world, yes);
    expect(recorded()).toBe(before + 1);
  });
});
