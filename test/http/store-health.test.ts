import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as immediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { createStoreHealth, type StoreHealth } from '../../src/http/store-health.ts';
import { openSqlite, type SqliteStore } from '../../src/store/sqlite/sqlite.ts';

let directory: string;
let store: SqliteStore;
let other: DatabaseSync;
let health: StoreHealth;
let nowMs: number;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tsidp-health-'));
  const path = join(directory, 'tsidp.db');
  store = openSqlite({ path, clock: systemClock });
  other = new DatabaseSync(path);
  nowMs = 0;
  health = createStoreHealth(store, () => nowMs);
});
afterEach(async () => {
  other.close();
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

const tables = ['interactions', 'sessions', 'grants', 'codes', 'access_tokens', 'refresh_tokens'];
const count = () =>
  [...tables, 'audit'].map((table) => other.prepare(`SELECT count(*) AS n FROM ${table}`).get());

describe('T43 the database, as readiness asks it', () => {
  it('is well, and nothing of the question stays in it', async () => {
    const before = count();
    expect(await health.problem()).toBeUndefined();
    expect(store.commits).toBe(1);
    expect(count()).toEqual(before);
  });

  it('is asked once a second, however many ask', async () => {
    await Promise.all(Array.from({ length: 500 }, () => health.problem()));
    nowMs = 999;
    await health.problem();
    expect(store.commits).toBe(1);
    nowMs = 1000;
    await health.problem();
    expect(store.commits).toBe(2);
  });

  it.each([...tables, 'audit'])('is not, when nothing can be written to %s', async (table) => {
    other.exec(`CREATE TRIGGER full BEFORE INSERT ON ${table}
      BEGIN SELECT RAISE (ABORT, 'database or disk is full'); END`);
    expect(await health.problem()).toBe("the database can't be written: database or disk is full");
    other.exec('DROP TRIGGER full');
    // what failed is over with its turn of the event loop
    await immediate();
    nowMs = 1000;
    expect(await health.problem()).toBeUndefined();
  });

  it('takes nobody else’s writes away', async () => {
    store.audit.append({ at: 1, event: 'login', subject: 'userid:1' });
    const asked = health.problem();
    store.audit.append({ at: 2, event: 'login', subject: 'userid:2' });
    await asked;
    await store.committed();
    expect(await store.audit.list(5)).toMatchObject([{ at: 2 }, { at: 1 }]);
  });

  it('is not, for a while, when a request found it damaged', async () => {
    const cause = Object.assign(new Error('database disk image is malformed'), {
      code: 'ERR_SQLITE_ERROR',
    });
    health.observe(new Error('request failed', { cause }));
    expect(await health.problem()).toBe(
      'the database failed a request: database disk image is malformed',
    );
    nowMs = 30_000;
    expect(await health.problem()).toBeUndefined();
  });

  it('has nothing to do with what else fails', async () => {
    health.observe(new Error('fetch failed'));
    health.observe('nothing');
    expect(await health.problem()).toBeUndefined();
  });
});
