import { describe, expect, it } from 'vitest';
import type { ImportedItem, StoredKey } from '../../src/store/store.ts';
import { type KeyState, keyRing, publishedKeys } from '../../src/tokens/key-ring.ts';

const key = (id: string, algorithm = 'RS256', purpose: StoredKey['purpose'] = 'signing') => ({
  ...{ id, algorithm, purpose },
  material: '',
  createdAt: 0,
});

const imported = (name: string, kind: ImportedItem['kind'] = 'key'): ImportedItem => ({
  ...{ kind, name },
  digest: '',
  at: 0,
});

describe('the ring of today', () => {
  it.each<[string, readonly StoredKey[], readonly ImportedItem[], readonly string[]]>([
    ['of no keys is empty', [], [], []],
    [
      'has one active key an algorithm, the oldest',
      [key('a'), key('b', 'ES256'), key('c'), key('d', 'ES256')],
      [],
      ['a active', 'b active', 'c retired', 'd retired'],
    ],
    [
      'goes on with the key that was imported last',
      [key('own'), key('first'), key('last'), key('es', 'ES256')],
      [imported('first'), imported('grafana', 'client'), imported('last')],
      ['last active', 'first retired', 'own retired', 'es active'],
    ],
    [
      'holds no keys of other purposes',
      [key('cookie', 'HMAC', 'cookie'), key('a'), key('secret', 'HMAC', 'client-secret')],
      [],
      ['a active'],
    ],
  ])('%s', (_what, stored, imports, expected) => {
    const ring = keyRing(stored, imports).map(({ key: { id }, state }) => `${id} ${state}`);
    expect(ring).toEqual(expected);
  });
});

describe('what is published of a ring', () => {
  const of = (...ring: readonly [string, KeyState, string?][]) =>
    publishedKeys(ring.map(([id, state, alg]) => ({ key: key(id, alg), state }))).map(
      ({ id }) => id,
    );

  it('has the active key first, which is the one that signs', () => {
    expect(of(['old', 'retired'], ['coming', 'next'], ['now', 'active'])).toEqual([
      'now',
      'coming',
      'old',
    ]);
  });

  it('has no key that is gone', () => {
    expect(of(['dead', 'gone'], ['now', 'active'], ['es', 'gone', 'ES256'])).toEqual(['now']);
  });

  it('keeps algorithms apart', () => {
    expect(
      of(['r1', 'retired'], ['e', 'active', 'ES256'], ['r2', 'active'], ['e2', 'next', 'ES256']),
    ).toEqual(['r2', 'r1', 'e', 'e2']);
  });
});
