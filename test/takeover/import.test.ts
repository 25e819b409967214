import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { createSecretChecker } from '../../src/clients/secrets.ts';
import { StoreError } from '../../src/store/store.ts';
import { importState } from '../../src/takeover/import.ts';
import { TakeoverError } from '../../src/takeover/takeover-error.ts';
import { readTsidpState } from '../../src/takeover/tsidp-state.ts';
import { loadOrCreateKeys } from '../../src/tokens/keys.ts';
import { type Opened, openMemory, openStore, temporaryDirectory } from '../store/opened.ts';
import {
  clientId,
  clientsFile,
  entryOf,
  keyText,
  kid,
  type TsidpDirectory,
  tsidpDirectory,
} from './tsidp-directory.ts';

const ids = [clientId(), clientId()] as const;
const secret = 'd29a76f3c001c244f6344845415a23635808212a03f9eb8e06d023b907e38567';
const entries = {
  [ids[0]]: entryOf(ids[0], { client_secret: secret }),
  [ids[1]]: entryOf(ids[1], { client_name: 'Other', dynamically_registered: false }),
};

const importFrom = ({ path }: TsidpDirectory, { store, clock }: Opened) =>
  importState(readTsidpState(path)!, { store, clock, by: 'cli' });

const fates = async (plan: ReturnType<typeof importFrom>) =>
  (await plan).clients.map(({ fate }) => fate);

describe('an import', () => {
  test('brings key and clients, the secrets hashed, and leaves the files as they are', async () => {
    const opened = openMemory();
    const directory = tsidpDirectory(keyText(), entries);
    const before = directory.texts();
    expect(await fates(importFrom(directory, opened))).toEqual(['new', 'new']);
    const { store, clock } = opened;
    const [first, second] = await store.clients.list();
    expect([first, second]).toMatchObject([
      { id: ids[0], source: 'import', createdAt: 1_795_247_366, updatedAt: clock.now },
      { id: ids[1], source: 'import', metadata: { client_name: 'Other' } },
    ]);
    expect(first?.secretVerifier).toMatch(/^argon2id:/u);
    const checker = createSecretChecker({ key: Buffer.alloc(32) });
    const who = { clientId: ids[0], peer: '100.64.0.9' };
    expect(await checker.check(first!.secretVerifier!, secret, who)).toBe(true);
    expect(await checker.check(first!.secretVerifier!, `${secret}0`, who)).toBe(false);
    expect(JSON.stringify([await store.clients.list(), await store.audit.list(99)])).not.toContain(
      secret,
    );
    expect(directory.texts()).toEqual(before);
  });

  test('is recorded', async () => {
    const opened = openMemory();
    await importFrom(tsidpDirectory(keyText(), entries), opened);
    const detail = { action: 'import', by: 'cli' };
    expect((await opened.store.audit.list(9)).reverse()).toMatchObject([
      { event: 'key', detail: { ...detail, kid } },
      { event: 'client', client: ids[0], detail },
      { event: 'client', client: ids[1], detail },
    ]);
  });

  test('is one transaction, and half of it is nothing', async () => {
    const path = join(temporaryDirectory(), 'state', 'tsidp.db');
    const opened = openStore(path);
    const { store } = opened;
    const beside = new DatabaseSync(path);
    beside.exec(`CREATE TRIGGER full BEFORE INSERT ON clients WHEN new.id = '${ids[1]}'
      BEGIN SELECT RAISE (ABORT, 'disk full'); END`);
    const directory = tsidpDirectory(keyText(), entries);
    await expect(importFrom(directory, opened)).rejects.toThrow(StoreError);
    expect(await store.clients.list()).toEqual([]);
    expect(await store.keys.list()).toEqual([]);
    expect(await store.imports.list()).toEqual([]);
    expect(await store.audit.list(9)).toEqual([]);
    beside.exec('DROP TRIGGER full');
    beside.close();
    expect(await fates(importFrom(directory, opened))).toEqual(['new', 'new']);
    expect(await store.clients.list()).toHaveLength(2);
  });

  test('done twice, also at once, does nothing the second time', async () => {
    const opened = openMemory();
    const directory = tsidpDirectory(keyText(), entries);
    await Promise.all([importFrom(directory, opened), importFrom(directory, opened)]);
    expect(await opened.store.audit.list(9)).toHaveLength(3);
    expect(await fates(importFrom(directory, opened))).toEqual(['known', 'known']);
    expect((await importFrom(directory, opened)).key).toBe('known');
    expect(await opened.store.audit.list(9)).toHaveLength(3);
  });

  test('overwrites nothing that was changed here, and brings nothing back', async () => {
    const opened = openMemory();
    const { store } = opened;
    const directory = tsidpDirectory(keyText(), entries);
    await importFrom(directory, opened);
    const [first] = await store.clients.list();
    await store.clients.save({ ...first!, secretVerifier: 'rotated' });
    await store.clients.remove(ids[1]);
    const added = clientId();
    const taken = 'by-hand';
    await store.clients.save({ ...first!, id: taken });
    directory.write(
      clientsFile,
      JSON.stringify({
        [ids[0]]: { ...entries[ids[0]], client_name: 'renamed in tsidp' },
        [ids[1]]: entries[ids[1]],
        [added]: entryOf(added),
        [taken]: entryOf(taken),
      }),
    );
    const plan = importFrom(directory, opened);
    expect(await fates(plan)).toEqual(['changed', 'removed', 'new', 'taken']);
    expect(await store.clients.find(ids[0])).toEqual({ ...first, secretVerifier: 'rotated' });
    expect(await store.clients.find(ids[1])).toBeUndefined();
    expect(await store.clients.find(taken)).toEqual({ ...first, id: taken });
    expect(await store.clients.find(added)).toMatchObject({ source: 'import' });
  });

  test('refuses another key of the same name, and does nothing', async () => {
    const opened = openMemory();
    const { store, clock } = opened;
    const material = '{"n":"other"}';
    await store.keys.add({
      id: kid,
      purpose: 'signing',
      algorithm: 'RS256',
      material,
      createdAt: clock.now,
    });
    await expect(importFrom(tsidpDirectory(keyText(), entries), opened)).rejects.toThrow(
      TakeoverError,
    );
    expect(await store.clients.list()).toEqual([]);
    expect(await store.imports.list()).toEqual([]);
  });
});

describe('signing keys', () => {
  const order = async ({ store, clock }: Opened): Promise<unknown[]> => {
    const { signing } = await loadOrCreateKeys(store, clock);
    return signing.filter(({ alg }) => alg === 'RS256').map((key) => key.kid);
  };

  test('tsidp’s signs, and no other of its algorithm is made', async () => {
    const opened = openMemory();
    await importFrom(tsidpDirectory(keyText(), undefined), opened);
    expect(await order(opened)).toEqual([kid]);
  });

  test('tsidp’s signs before one that we made, which stays published', async () => {
    const opened = openMemory();
    const [own] = await order(opened);
    opened.clock.now += 100;
    await importFrom(tsidpDirectory(keyText(), undefined), opened);
    expect(await order(opened)).toEqual([kid, own]);
  });

  test('of two that were taken over the latest signs', async () => {
    const opened = openMemory();
    await importFrom(tsidpDirectory(keyText(), undefined), opened);
    await importFrom(tsidpDirectory(keyText('7'), undefined), opened);
    expect(await order(opened)).toEqual(['7', kid]);
  });
});
