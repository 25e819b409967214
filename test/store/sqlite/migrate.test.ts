import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ClientOptions } from '../../../src/config/client-options.ts';
import { digest } from '../../../src/store/digest.ts';
import { checkDatabase, pragma } from '../../../src/store/sqlite/check.ts';
import { inspectClients } from '../../../src/store/sqlite/inspect.ts';
import { createDatabase, migrateDatabase, migrations } from '../../../src/store/sqlite/migrate.ts';
import { StoreError } from '../../../src/store/store.ts';
import { openStore, TestClock, temporaryDirectory } from '../opened.ts';

const first = 'CREATE TABLE people (name TEXT NOT NULL) STRICT;';
const second = 'ALTER TABLE people ADD COLUMN age INTEGER;';
const third = "UPDATE people SET age = 42 WHERE name = 'alice';";

function open(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  onTestFinished(() => {
    if (database.isOpen) database.close();
  });
  return database;
}

/** A database of version 1 with one row. */
function older(): { path: string; directory: string; database: DatabaseSync } {
  const directory = temporaryDirectory();
  const path = join(directory, 'tsidp.db');
  createDatabase(path, [first]);
  const database = open(path);
  database.exec("PRAGMA journal_mode = WAL; INSERT INTO people VALUES ('alice')");
  return { path, directory, database };
}

const options = {
  login: 'confirm',
  scopes: ['openid'],
  allowedOrigins: ['https://spa.test'],
  lifetimes: { idTokenSeconds: 60 },
  access: 'granted',
  requires: { groups: ['eng'] },
  claims: { groups: 'always', groupNames: {}, set: {} },
  dynamic: true,
  redirectsDigest: 'abc',
  peer: { tags: ['tag:ci'] },
  mayAct: { client_id: 'agent' },
  approved: true,
  quarantined: true,
} satisfies ClientOptions;

/** A member for each option. */
const ofVersion8 = {
  all: {
    tsidp_login: options.login,
    tsidp_scopes: options.scopes,
    tsidp_allowed_origins: options.allowedOrigins,
    tsidp_lifetimes: options.lifetimes,
    tsidp_access: options.access,
    tsidp_requires: options.requires,
    tsidp_claims: options.claims,
    tsidp_source: 'config',
    tsidp_dynamic: options.dynamic,
    tsidp_redirects_digest: options.redirectsDigest,
    tsidp_peer: options.peer,
    tsidp_may_act: options.mayAct,
    tsidp_approved: options.approved,
    tsidp_quarantined: options.quarantined,
  },
  none: {},
};

describe('a new database', () => {
  it('has the newest version, and no draft of it stays', () => {
    const directory = temporaryDirectory();
    const path = join(directory, 'tsidp.db');
    createDatabase(path);
    expect(readdirSync(directory)).toEqual(['tsidp.db']);
    expect(checkDatabase(path, 1)).toBe(migrations.length);
  });

  it('does not replace one that another process has made meanwhile', () => {
    const { path, database, directory } = older();
    createDatabase(path);
    expect(database.prepare('SELECT name FROM people').all()).toEqual([{ name: 'alice' }]);
    expect(readdirSync(directory).filter((name) => name.endsWith('.new'))).toEqual([]);
  });

  it('says why it could not be made', () => {
    const path = join(temporaryDirectory(), 'missing', 'tsidp.db');
    expect(() => createDatabase(path)).toThrow(StoreError);
    expect(() => createDatabase(path)).toThrow(/cannot create the database .*ENOENT/);
  });
});

describe('an older database', () => {
  it('T39 of version 8 keeps what operators said of clients', async () => {
    const path = join(temporaryDirectory(), 'tsidp.db');
    createDatabase(path, migrations.slice(0, 8));
    const database = open(path);
    const metadata = { client_name: 'A', redirect_uris: ['https://a.test/'] };
    const insert = database.prepare(
      `INSERT INTO clients (id, metadata, source, created_at, updated_at)
       VALUES (?, ?, 'dynamic', 100, 200)`,
    );
    for (const [id, members] of Object.entries(ofVersion8)) {
      insert.run(id, JSON.stringify({ ...metadata, ...members }));
    }
    database.exec('PRAGMA journal_mode = WAL');
    database.close();
    const client = (id: string, options: object) => ({
      id,
      metadata,
      options,
      secretVerifier: null,
      source: 'dynamic',
      createdAt: 100,
      updatedAt: 200,
    });

    expect(inspectClients(path)).toMatchObject([
      { metadata, options },
      { metadata, options: {} },
    ]);
    const { store } = openStore(path);
    expect(await store.clients.list()).toEqual([client('all', options), client('none', {})]);
    // written anew
    const all = await store.clients.find('all');
    if (all) await store.clients.save({ ...all, options: { ...options, quarantined: false } });
    await store.committed();
    expect((await store.clients.find('all'))?.options).toEqual({ ...options, quarantined: false });
    await store.close();
    const [row] = open(path).prepare("SELECT metadata FROM clients WHERE id = 'all'").all();
    expect(JSON.parse(String(row?.['metadata']))).toEqual({
      ...metadata,
      tsidp: { ...options, quarantined: false },
    });
  });

  it('T39 of version 7 keeps its Grants and sessions as they are', async () => {
    const path = join(temporaryDirectory(), 'tsidp.db');
    createDatabase(path, migrations.slice(0, 7));
    const database = open(path);
    const { now } = new TestClock();
    const [grant, session] = ['old-grant', 'old-session'];
    database
      .prepare('INSERT INTO grants (digest, payload, created_at, expires_at) VALUES (?, ?, ?, ?)')
      .run(digest(grant), '{"kind":"Grant"}', now, now + 1000);
    database
      .prepare('INSERT INTO sessions (digest, uid_digest, payload, expires_at) VALUES (?, ?, ?, ?)')
      .run(digest(session), digest('uid'), `{"uid":"uid","exp":${now + 1000}}`, now + 1000);
    database.exec('PRAGMA journal_mode = WAL');
    database.close();

    const { store, clock } = openStore(path);
    clock.now += 900;
    await store.sweep(clock.now, 100);
    expect(await store.adapter('Grant').find(grant)).toMatchObject({ exp: now + 1000 });
    expect(await store.adapter('Session').find(session)).toMatchObject({ exp: now + 1000 });
    clock.now += 5000;
    expect(await store.sweep(clock.now, 100)).toBe(2);
    await store.committed();
  });

  it('goes forward after a copy of it', () => {
    const { path, directory, database } = older();
    migrateDatabase(database, path, [first, second, third]);
    expect(database.prepare('SELECT * FROM people').all()).toEqual([{ name: 'alice', age: 42 }]);
    expect(pragma(database, 'user_version')).toBe(3);
    const copy = `${path}.v1.bak`;
    expect(readdirSync(directory)).toContain('tsidp.db.v1.bak');
    expect(checkDatabase(copy, 1)).toBe(1);
    expect(open(copy).prepare('SELECT * FROM people').all()).toEqual([{ name: 'alice' }]);
    // Once is enough.
    migrateDatabase(database, path, [first, second, third]);
    expect(pragma(database, 'user_version')).toBe(3);
  });

  it('stays as it was when a step fails, and goes forward when that is mended', () => {
    const { path, database } = older();
    expect(() => migrateDatabase(database, path, [first, second, 'nonsense;'])).toThrow(
      /from version 1 to 3: .*nonsense.*it is as it was/,
    );
    expect(pragma(database, 'user_version')).toBe(1);
    expect(database.prepare('SELECT * FROM people').all()).toEqual([{ name: 'alice' }]);
    migrateDatabase(database, path, [first, second, third]);
    expect(database.prepare('SELECT age FROM people').all()).toEqual([{ age: 42 }]);
  });

  it('is not touched when it is of version 0 and not empty', () => {
    const { path, database } = older();
    database.exec('PRAGMA user_version = 0; PRAGMA application_id = 0');
    database.close();
    expect(() => openStore(path)).toThrow(/not tsidp's/);
  });

  it('is refused when it is newer', () => {
    const { path, database } = older();
    expect(() => migrateDatabase(database, path, [])).toThrow(/schema version 1/);
  });
});
