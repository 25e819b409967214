import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { loadOrCreateSecretKey } from '../../src/clients/secret-key.ts';
import { systemClock } from '../../src/clock.ts';
import { openSqlite } from '../../src/store/sqlite/sqlite.ts';
import { StoreError } from '../../src/store/store.ts';

const openStore = () => openSqlite({ path: ':memory:', clock: systemClock });

test('the key is made once', async () => {
  const store = openStore();
  const made = await loadOrCreateSecretKey(store, systemClock);
  expect(made).toHaveLength(32);
  expect(await loadOrCreateSecretKey(store, systemClock)).toEqual(made);
  expect(await store.keys.list()).toMatchObject([
    { purpose: 'client-secret', algorithm: 'HMAC', material: made.toString('base64url') },
  ]);
  await store.close();
});

test('a daemon and a command that start at once end with one key', async () => {
  const store = openStore();
  const keys = await Promise.all([1, 2, 3].map(() => loadOrCreateSecretKey(store, systemClock)));
  expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(1);
  await store.close();
});

describe('T23 a malformed key stops the start and stays as it is', () => {
  test.each([
    ['empty', '', 'HMAC'],
    ['short', randomBytes(31).toString('base64url'), 'HMAC'],
    ['long', randomBytes(33).toString('base64url'), 'HMAC'],
    ['other alphabet', `${'A'.repeat(42)}+`, 'HMAC'],
    ['other algorithm', randomBytes(32).toString('base64url'), 'RS256'],
  ])('T23 %s', async (_, material, algorithm) => {
    const store = openStore();
    const key = { id: 'k', purpose: 'client-secret', algorithm, material, createdAt: 1 } as const;
    await store.keys.add(key);
    const loading = loadOrCreateSecretKey(store, systemClock);
    await expect(loading).rejects.toThrow(StoreError);
    await expect(loading).rejects.toThrow(/Nothing was changed/u);
    expect(await store.keys.list()).toEqual([key]);
    if (material !== '') {
      const error = await loading.catch((reason: unknown) => reason);
      expect(String(error)).not.toContain(material);
    }
    await store.close();
  });
});
