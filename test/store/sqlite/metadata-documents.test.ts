import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, it } from 'vitest';
import { createDatabase, migrations } from '../../../src/store/sqlite/migrate.ts';
import type { SqliteStore } from '../../../src/store/sqlite/sqlite.ts';
import { openMemory, openStore, temporaryDirectory } from '../opened.ts';

const urlOf = (i: number | string) => `https://agent.example/client.json?${i}`;
const [alice, bob, mallory] = ['userid:1', 'userid:2', 'userid:66'];
/** As many of a person that they allowed something, and as many that they did not. */
const room = 50;

describe('T38 the table of metadata documents', () => {
  let store: SqliteStore;
  beforeEach(() => {
    ({ store } = openMemory());
  });

  const bring = (i: number | string, by: string | undefined, fetchedAt = 1000 + Number(i)) =>
    store.documents.save(
      {
        url: urlOf(i),
        document: '{}',
        etag: undefined,
        lastModified: undefined,
        fetchedAt,
        freshUntil: 0,
        seen: '',
      },
      by,
    );
  const allow = (i: number | string, subject: string) =>
    store.consents.save({
      clientId: urlOf(i),
      subject,
      login: 'somebody@example.com',
      redirectHost: 'https://a.example',
      device: undefined,
      redirectsDigest: undefined,
      resource: undefined,
      scopes: ['openid'],
      givenAt: 1000,
      expiresAt: 2_000_000_000,
    });
  const known = async (...which: (number | string)[]) => {
    const found = await Promise.all(which.map((i) => store.documents.find(urlOf(i))));
    return found.map((one) => one !== undefined);
  };

  it('forgets those of one person that were not fetched for longest, but none that were marked', async () => {
    await bring(0, mallory, 9000);
    await bring(1, mallory);
    await store.documents.mark(urlOf(1), 'quarantine');
    await bring(2, mallory);
    await store.documents.mark(urlOf(2), 'wait');
    for (let i = 3; i < room + 2; i += 1) await bring(i, mallory);
    expect(await known(0, 1, 2, 3, 4)).toEqual([true, true, false, true, true]);
    await bring(room + 2, mallory);
    expect(await known(0, 1, 2, 3, 4)).toEqual([true, true, false, false, true]);
  });

  it('keeps what others brought or allowed, however many one person brings and allows', async () => {
    await bring('hers', alice, 1);
    await bring('his', bob, 1);
    allow('his', bob);
    await bring('first', mallory, 1);
    allow('first', alice);
    await bring('of an earlier release', undefined, 1);
    for (let i = 0; i < 600; i += 1) {
      await bring(i, mallory);
      if (i % 2 === 0) allow(i, mallory);
    }
    expect(await known('hers', 'his', 'first', 'of an earlier release')).toEqual(
      Array(4).fill(true),
    );
    expect(await store.documents.list()).toHaveLength(4 + 2 * room);
    // what is allowed has room beside what is only named
    expect(await known(598, 599, 600 - 2 * room, 600 - 2 * room - 2)).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  it('stays in the room of whoever brought a document first', async () => {
    await bring('first', alice, 1);
    await bring('first', mallory, 2);
    for (let i = 0; i < 2 * room; i += 1) await bring(i, mallory);
    expect(await known('first')).toEqual([true]);
  });

  it('is trimmed by nobody who only asks again', async () => {
    for (let i = 0; i < room; i += 1) await bring(i, mallory);
    await bring(0, undefined, 1);
    expect(await known(0)).toEqual([true]);
  });

  it('holds so many consents of one person that nobody keeps documents for another without end', async () => {
    allow('hers', alice);
    for (let i = 0; i < 600; i += 1) {
      await bring(i, mallory);
      allow(i, bob);
    }
    await bring(600, mallory);
    expect(await store.consents.list({ subject: bob })).toHaveLength(500);
    expect(await store.consents.list({ subject: alice })).toHaveLength(1);
    expect((await store.documents.list()).length).toBeLessThanOrEqual(500 + room);
  });

  it('of version 8 keeps what is in it', async () => {
    const path = join(temporaryDirectory(), 'tsidp.db');
    createDatabase(path, migrations.slice(0, 8));
    const database = new DatabaseSync(path);
    database.exec(`PRAGMA journal_mode = WAL; INSERT INTO metadata_documents
      (url, document, fetched_at, fresh_until) VALUES ('${urlOf('old')}', '{}', 1, 2)`);
    database.close();
    store = openStore(path).store;
    for (let i = 0; i < 2 * room; i += 1) await bring(i, mallory);
    expect(await known('old')).toEqual([true]);
    await store.committed();
  });
});
