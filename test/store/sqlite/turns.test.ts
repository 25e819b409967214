import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type SqliteStore, storeOver } from '../../../src/store/sqlite/sqlite.ts';
import { StoreError } from '../../../src/store/store.ts';
import { openFile, openStore, TestClock, temporaryDirectory } from '../opened.ts';

/** A store whose database the test can also reach beneath it. */
function openBeneath(): { store: SqliteStore; database: DatabaseSync; path: string } {
  const path = join(temporaryDirectory(), 'tsidp.db');
  void openStore(path).store.close();
  const database = new DatabaseSync(path, { timeout: 0 });
  const store = storeOver(database, { path, clock: new TestClock() });
  onTestFinished(() => store.close());
  return { store, database, path };
}

/** Makes the next commit fail: a deferred foreign key that points nowhere. */
function spoilCommit(database: DatabaseSync): void {
  database.exec(
    `PRAGMA foreign_keys = ON;
     CREATE TABLE IF NOT EXISTS parent (id INTEGER PRIMARY KEY);
     CREATE TABLE IF NOT EXISTS child (parent INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED)`,
  );
}

/** A thread that holds the database's lock for 200 ms again and again, with gaps of 6 ms. */
async function startBusyWriter(path: string): Promise<BusyWriter> {
  const held = new Int32Array(new SharedArrayBuffer(4));
  const script = `
    const { path, held } = require('node:worker_threads').workerData;
    const { DatabaseSync } = require('node:sqlite');
    const database = new DatabaseSync(path, { timeout: 5000 });
    const pause = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    for (;;) {
      database.exec('BEGIN IMMEDIATE');
      Atomics.add(held, 0, 1);
      Atomics.notify(held, 0);
      pause(200);
      database.exec('ROLLBACK');
      pause(6);
    }`;
  const worker = new Worker(script, { eval: true, workerData: { path, held } });
  onTestFinished(async () => void (await worker.terminate()));
  return {
    transactions: () => Atomics.load(held, 0),
    next: async () => void (await Atomics.waitAsync(held, 0, Atomics.load(held, 0)).value),
  };
}

interface BusyWriter {
  /** How many it has begun. */
  transactions(): number;
  /** Resolves when it has just begun one. */
  next(): Promise<void>;
}

const record = { at: 1, event: 'start' } as const;

describe('one commit for a few turns', () => {
  it('joins the writes of all requests of a turn', async () => {
    const { store } = openFile();
    const requests = Array.from({ length: 20 }, async (_, index) => {
      await store.adapter('Session').upsert(`s${index}`, { uid: `u${index}` }, 60);
      store.audit.append(record);
      await store.committed(store.failures);
    });
    await Promise.all(requests);
    expect(store.commits).toBe(1);
    store.audit.append(record);
    await store.committed();
    expect(store.commits).toBe(2);
  });

  it('resolves at once when nothing was written', async () => {
    const { store } = openFile();
    await store.committed();
    expect(store.commits).toBe(0);
  });

  it('commits what nobody waits for', async () => {
    const { store } = openFile();
    store.audit.append(record);
    for (let turn = 0; turn < 3; turn += 1) await nextTurn();
    expect(store.commits).toBe(1);
  });

  it('joins the writes of a few turns, and no more', async () => {
    const { store } = openFile();
    for (let turn = 0; turn < 12; turn += 1) {
      store.audit.append(record);
      await nextTurn();
    }
    await store.committed();
    expect(store.commits).toBeGreaterThan(2);
    expect(store.commits).toBeLessThan(7);
  });

  it('shows a write to others only when it is committed', async () => {
    const { store, database, path } = openBeneath();
    const reader = new DatabaseSync(path, { readOnly: true });
    onTestFinished(() => reader.close());
    const count = () => reader.prepare('SELECT count(*) AS n FROM audit').get()?.['n'];
    store.audit.append(record);
    expect(database.isTransaction).toBe(true);
    expect(count()).toBe(0);
    await store.committed();
    expect(count()).toBe(1);
  });

  it('commits at once for another connection of the process that wants to write', async () => {
    const { store, path } = openBeneath();
    const other = openStore(path).store;
    store.audit.append(record);
    const first = store.committed();
    other.audit.append(record);
    store.audit.append(record);
    await Promise.all([first, other.committed(), store.committed()]);
    expect([store.commits, other.commits]).toEqual([2, 1]);
    expect(await store.audit.list(5)).toHaveLength(3);
  });

  it('commits what is open when it is closed', async () => {
    const path = join(temporaryDirectory(), 'tsidp.db');
    const { store } = openStore(path);
    store.audit.append(record);
    await store.close();
    await store.close();
    expect(await openStore(path).store.audit.list(5)).toHaveLength(1);
  });
});

describe('a write that fails', () => {
  it('fails every request of the turn when the commit fails, and keeps nothing of them', async () => {
    const { store, database } = openBeneath();
    spoilCommit(database);
    const before = store.failures;
    const one = store.adapter('Session').upsert('one', { uid: 'u1' }, 60);
    const two = store.clients.save({
      id: 'c',
      metadata: {},
      options: {},
      secretVerifier: null,
      source: 'cli',
      createdAt: 1,
      updatedAt: 1,
    });
    database.exec('INSERT INTO child VALUES (1)');
    await Promise.all([one, two]);
    const outcomes = await Promise.allSettled([store.committed(), store.committed(before)]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(StoreError) });
    }
    expect(await store.adapter('Session').find('one')).toBeUndefined();
    expect(await store.clients.find('c')).toBeUndefined();

    // It goes on, but a request that began before the failure must not believe in its later writes.
    await store.adapter('Session').upsert('three', { uid: 'u3' }, 60);
    await expect(store.committed(before)).rejects.toThrow(/cannot write to .*tsidp\.db/);
    await store.committed(store.failures);
    expect(await store.adapter('Session').find('three')).toBeDefined();
  });

  it('undoes the turn when the disk is full, and works again when there is room', async () => {
    const { store, database } = openBeneath();
    database.exec('PRAGMA max_page_count = 60');
    const sessions = store.adapter('Session');
    const text = 'x'.repeat(3000);
    let written = 0;
    let failure: unknown;
    while (failure === undefined && written < 1000) {
      // Two writes a turn: neither may stay without the other.
      const both = [`a${written}`, `b${written}`].map((id) => sessions.upsert(id, { text }, 60));
      const before = store.failures;
      const outcomes = await Promise.allSettled([...both, store.committed(before)]);
      failure = outcomes.find(({ status }) => status === 'rejected');
      if (failure === undefined) written += 1;
    }
    expect(failure).toMatchObject({ reason: expect.any(StoreError) });
    expect(String((failure as PromiseRejectedResult).reason)).toContain('full');
    expect(written).toBeGreaterThan(5);
    for (let index = 0; index <= written; index += 1) {
      const found = [await sessions.find(`a${index}`), await sessions.find(`b${index}`)];
      expect(found.map((payload) => payload !== undefined)).toEqual([
        index < written,
        index < written,
      ]);
    }
    database.exec('PRAGMA max_page_count = 100000');
    await nextTurn();
    await sessions.upsert('later', { text }, 60);
    await store.committed(store.failures);
    expect(await sessions.find('later')).toBeDefined();
  });

  it('tries a locked database once a turn, and again in the next', async () => {
    const { store, path } = openBeneath();
    const other = new DatabaseSync(path);
    onTestFinished(() => other.close());
    other.exec('BEGIN IMMEDIATE');
    const before = store.failures;
    expect(() => store.audit.append(record)).toThrow(/locked; nothing was saved/);
    expect(() => store.audit.append(record)).toThrow(/locked; nothing was saved/);
    expect(store.failures).toBe(before + 1);
    await expect(store.committed()).rejects.toThrow(StoreError);
    other.exec('ROLLBACK');
    await nextTurn();
    store.audit.append(record);
    await store.committed(store.failures);
    expect(await store.audit.list(5)).toHaveLength(1);
  });

  it('finds the short gaps that a busy writer leaves', async () => {
    const path = join(temporaryDirectory(), 'tsidp.db');
    const { store } = openStore(path);
    const writes = 5;
    const busy = await startBusyWriter(path);
    let passed = 0;
    for (let write = 0; write < writes; write += 1) {
      await busy.next();
      const before = busy.transactions();
      store.audit.append(record);
      passed += busy.transactions() - before;
      await store.committed();
    }
    // SQLite by itself looks each 100 ms, and meets one of some fifteen gaps
    expect(passed).toBeLessThan(writes * 4);
    expect(await store.audit.list(writes + 1)).toHaveLength(writes);
  });

  it('says so, too, when the store is closed', async () => {
    const { store } = openFile();
    await store.close();
    expect(() => store.audit.append(record)).toThrow(StoreError);
    await expect(store.committed()).rejects.toThrow(/not open; nothing was saved/);
  });

  it.each([
    ['UPDATE audit SET reason = 1', 'append-only'],
    ['DELETE FROM audit', 'append-only'],
    ["UPDATE keys SET material = ''", 'never overwritten'],
  ])('refuses %s beneath it', async (sql, reason) => {
    const { store, database } = openBeneath();
    store.audit.append(record);
    const key = { id: 'k', purpose: 'cookie', algorithm: 'HMAC', material: 'm' } as const;
    await store.keys.add({ ...key, createdAt: 1 });
    await store.committed();
    expect(() => database.exec(sql)).toThrow(reason);
  });
});
