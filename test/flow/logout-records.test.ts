import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openApp, press } from './app.ts';
import { auditLog } from './audit-log.ts';
import { Browser } from './browser.ts';
import { startWorld, type World } from './world.ts';

const yes = { logout: 'yes' };

describe('what a logout leaves behind', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const logout = (browser: Browser, query: Record<string, string> = {}) =>
    browser.open(`${world.issuer}/logout?${new URLSearchParams(query)}`);

  const recorded = () => auditLog(world.directory).filter(({ event }) => event === 'logout').length;

  test('T14 of nobody leaves nothing behind: no record, no row', async () => {
    const path = join(world.directory, 'state', 'tsidp.db');
    using database = new DatabaseSync(path, { readOnly: true });
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
