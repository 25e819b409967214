import { describe, expect, test } from 'vitest';
import { LocalApiError } from '../../src/peer/local-api.ts';
import { setup } from './asked-whois.ts';

describe('the cache', () => {
  test('keeps an answer for its second, counted from the question', async () => {
    const { whois, asked, answer, look, pass } = setup();
    const first = whois.lookup('100.64.0.4', 1);
    pass(400);
    answer(0, 'whois-user');
    const found = await first;
    pass(599);
    expect(await look('whois-deleted')).toBe(found);
    expect(asked).toHaveLength(1);
    pass(1);
    expect(await look('whois-deleted')).toEqual({ kind: 'unknown' });
    expect(asked).toHaveLength(2);
  });

  test('a hit does not make an answer younger', async () => {
    const { asked, look, pass } = setup();
    await look('whois-user');
    for (let step = 0; step < 10; step += 1) {
      pass(100);
      await look('whois-user');
    }
    expect(asked).toHaveLength(2);
  });

  test('keeps misses no longer', async () => {
    const { asked, look, pass } = setup();
    expect(await look('whois-not-found')).toEqual({ kind: 'unknown' });
    pass(999);
    await look('whois-user');
    expect(asked).toHaveLength(1);
    pass(1);
    expect(await look('whois-user')).toMatchObject({ kind: 'found' });
  });

  test('never keeps a failure', async () => {
    const { whois, asked, look } = setup();
    const failing = whois.lookup('100.64.0.4', 1);
    asked[0]?.reject(new LocalApiError('timeout', 'hung'));
    await expect(failing).rejects.toMatchObject({ code: 'timeout' });
    expect(await look('whois-user')).toMatchObject({ kind: 'found' });
  });

  test('never keeps nonsense', async () => {
    const { whois, asked, look } = setup();
    const failing = whois.lookup('100.64.0.4', 1);
    asked[0]?.resolve({ status: 200, headers: {}, text: '{}' });
    await expect(failing).rejects.toMatchObject({ code: 'nonsense' });
    expect(await look('whois-user')).toMatchObject({ kind: 'found' });
  });

  test("a tailnet address has one answer for all its ports, and no other address's", async () => {
    const { asked, look } = setup();
    await look('whois-user', '100.64.0.4', 1);
    await look('whois-user', '100.64.0.4', 2);
    expect(asked).toHaveLength(1);
    await look('whois-user-admin', '100.64.0.3', 1);
    expect(asked).toHaveLength(2);
  });

  test('loopback connections are told apart by their ports', async () => {
    const { look } = setup();
    expect(await look('whois-user', '127.0.0.1', 40_001)).toMatchObject({ kind: 'found' });
    expect(await look('whois-loopback', '127.0.0.1', 40_002)).toEqual({ kind: 'unknown' });
  });

  test('0 seconds keep nothing', async () => {
    const { asked, look } = setup({ cacheSeconds: 0 });
    await look('whois-user');
    await look('whois-user');
    expect(asked).toHaveLength(2);
  });

  test('is bounded', async () => {
    const { asked, look } = setup({ maxEntries: 2 });
    for (const ip of ['100.64.0.3', '100.64.0.4', '100.64.0.5', '100.64.0.3']) {
      await look('whois-user', ip);
    }
    expect(asked).toHaveLength(4);
    await look('whois-user', '100.64.0.5');
    expect(asked).toHaveLength(4);
  });

  test('clear empties it', async () => {
    const { whois, asked, look } = setup();
    await look('whois-user');
    whois.clear();
    await look('whois-user');
    expect(asked).toHaveLength(2);
  });
});

describe('questions under way', () => {
  test.each([0, 1])('identical ones are one (cacheSeconds %i)', async (cacheSeconds) => {
    const { whois, asked, answer } = setup({ cacheSeconds });
    const all = Promise.all(
      Array.from({ length: 100 }, (_, port) => whois.lookup('100.64.0.4', port)),
    );
    expect(asked).toHaveLength(1);
    answer(0, 'whois-user');
    expect(new Set(await all).size).toBe(1);
  });

  test('different ones are not', async () => {
    const { whois, asked, answer } = setup();
    const both = Promise.all([whois.lookup('100.64.0.4', 1), whois.lookup('100.64.0.3', 1)]);
    expect(asked).toHaveLength(2);
    answer(1, 'whois-user-admin');
    answer(0, 'whois-user');
    const [bob, alice] = await both;
    expect(bob).toMatchObject({ profile: { loginName: 'bob@example.com' } });
    expect(alice).toMatchObject({ profile: { loginName: 'alice@example.com' } });
  });

  test('share their failure, and the next one asks again', async () => {
    const { whois, asked, look } = setup();
    const all = [whois.lookup('100.64.0.4', 1), whois.lookup('100.64.0.4', 2)];
    asked[0]?.reject(new LocalApiError('closed', 'restarting'));
    const outcomes = await Promise.allSettled(all);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await look('whois-user')).toMatchObject({ kind: 'found' });
    expect(asked).toHaveLength(2);
  });

  test('clear during one: its answer is not kept, nor lent to later callers', async () => {
    const { whois, asked, answer } = setup();
    const before = whois.lookup('100.64.0.4', 1);
    whois.clear();
    const after = whois.lookup('100.64.0.4', 1);
    expect(asked).toHaveLength(2);
    answer(1, 'whois-deleted');
    expect(await after).toEqual({ kind: 'unknown' });
    answer(0, 'whois-user'); // asked before the change, answered late
    expect(await before).toMatchObject({ kind: 'found' });
    expect(await whois.lookup('100.64.0.4', 1)).toEqual({ kind: 'unknown' });
    expect(asked).toHaveLength(2);
  });

  test('clear during one that is answered first', async () => {
    const { whois, asked, answer } = setup();
    const before = whois.lookup('100.64.0.4', 1);
    whois.clear();
    answer(0, 'whois-user');
    await before;
    void whois.lookup('100.64.0.4', 1);
    expect(asked).toHaveLength(2);
  });

  test('one that fails after clear leaves its successor alone', async () => {
    const { whois, asked, answer } = setup();
    const before = whois.lookup('100.64.0.4', 1);
    whois.clear();
    const after = whois.lookup('100.64.0.4', 1);
    asked[0]?.reject(new LocalApiError('closed', 'restarting'));
    await expect(before).rejects.toMatchObject({ code: 'closed' });
    const joined = whois.lookup('100.64.0.4', 1);
    expect(asked).toHaveLength(2);
    answer(1, 'whois-user');
    expect(await joined).toBe(await after);
  });
});

describe('a fresh question', () => {
  test('skips what is remembered, and its answer is remembered', async () => {
    const { whois, asked, answer, look } = setup();
    await look('whois-user');
    const fresh = whois.lookup('100.64.0.4', 1, { fresh: true });
    expect(asked).toHaveLength(2);
    answer(1, 'whois-deleted');
    expect(await fresh).toEqual({ kind: 'unknown' });
    expect(await look('whois-user')).toEqual({ kind: 'unknown' });
    expect(asked).toHaveLength(2);
  });

  test('skips one under way, whose late answer does not replace its own', async () => {
    const { whois, asked, answer, look } = setup();
    const before = whois.lookup('100.64.0.4', 1);
    const fresh = whois.lookup('100.64.0.4', 1, { fresh: true });
    expect(asked).toHaveLength(2);
    answer(1, 'whois-deleted');
    expect(await fresh).toEqual({ kind: 'unknown' });
    answer(0, 'whois-user');
    expect(await before).toMatchObject({ kind: 'found' });
    expect(await look('whois-user')).toEqual({ kind: 'unknown' });
  });
});
