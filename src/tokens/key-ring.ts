import type { ImportedItem, StoredKey } from '../store/store.ts';

/**
 * The life of a signing key: published ahead, so that apps have it before it signs; signing; published on, as what it
 * signed lives on; unpublished, and good for nothing.
 */
export type KeyState = 'next' | 'active' | 'retired' | 'gone';

export interface RingKey {
  readonly key: StoredKey;
  readonly state: KeyState;
}

/**
 * The signing keys at one moment, at most one of an algorithm active. Today nothing turns by itself: the first of an
 * algorithm is active and the others are retired. One that was taken over signs before any that we made, the latest
 * such first: apps know it by name, and going on with it changes nothing for them. Ours sign oldest first.
 */
export function keyRing(
  stored: readonly StoredKey[],
  imports: readonly ImportedItem[],
): readonly RingKey[] {
  const taken = imports.flatMap(({ kind, name }) => (kind === 'key' ? [name] : []));
  const signing = stored.filter(({ purpose }) => purpose === 'signing');
  // sorting keeps the order of equals: -1 for those that we made
  const ordered = signing.toSorted((a, b) => taken.indexOf(b.id) - taken.indexOf(a.id));
  const active = new Set<string>();
  return ordered.map((key) => {
    const state = active.has(key.algorithm) ? 'retired' : 'active';
    active.add(key.algorithm);
    return { key, state };
  });
}

const order: Readonly<Record<Exclude<KeyState, 'gone'>, number>> = {
  active: 0,
  next: 1,
  retired: 2,
};

/** The keys that are published and verify, of each algorithm the active one first: oidc-provider signs with that. */
export function publishedKeys(ring: readonly RingKey[]): readonly StoredKey[] {
  const present = ring.flatMap(({ key, state }) =>
    state === 'gone' ? [] : [{ key, rank: order[state] }],
  );
  const algorithms = Map.groupBy(present, ({ key }) => key.algorithm);
  return [...algorithms.values()].flatMap((keys) =>
    keys.toSorted((a, b) => a.rank - b.rank).map(({ key }) => key),
  );
}
