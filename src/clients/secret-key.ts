import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { type Store, type StoredKey, StoreError } from '../store/store.ts';

/** One name, so that a daemon and a command that start at once can't make two. */
const keyId = 'client-secret-1';

/**
 * The key of generated secrets' verifiers (`hashGenerated`), made at the first start. A malformed one stops the
 * start and is never replaced (T23): with another, no app's secret would fit any more.
 * @throws {StoreError}
 */
export const loadOrCreateSecretKey = async (store: Store, clock: Clock): Promise<Buffer> => {
  const existing = await findKey(store);
  if (existing !== undefined) return readKey(existing);
  const material = randomBytes(32).toString('base64url');
  try {
    await store.keys.add({
      id: keyId,
      purpose: 'client-secret',
      algorithm: 'HMAC',
      material,
      createdAt: clock.nowSeconds(),
    });
    await store.committed();
  } catch (error) {
    const others = await findKey(store);
    if (others === undefined) throw error;
    return readKey(others);
  }
  return Buffer.from(material, 'base64url');
};

const findKey = async (store: Store): Promise<StoredKey | undefined> =>
  (await store.keys.list()).find(({ purpose }) => purpose === 'client-secret');

const readKey = ({ id, algorithm, material }: StoredKey): Buffer => {
  const key = Buffer.from(material, 'base64url');
  if (algorithm === 'HMAC' && key.length === 32 && key.toString('base64url') === material) {
    return key;
  }
  throw new StoreError(
    `The client-secret key "${id}" in the database can't be read. Nothing was changed. Restore the state directory from a backup; with a new key no app's secret would fit any more.`,
  );
};
