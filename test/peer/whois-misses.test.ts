import { describe, expect, test } from 'vitest';
import { LocalApiError } from '../../src/peer/local-api.ts';
import { setup } from './asked-whois.ts';

const yes = async () => true;
const no = async () => false;
/** Lets every promise that can go on do so. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** Answers questions as they come, from `from` on. */
async function answerAll({ asked, answer }: ReturnType<typeof setup>, name: string, from = 0) {
  for (let next = from; ; next += 1) {
    await settle();
    if (next >= asked.length) return;
    answer(next, name);
  }
}

const query = (path: string) =>
  Object.fromEntries(new URL(path, 'http://localhost').searchParams.entries());

describe('T44 what is asked', () => {
  test.each([
    ['100.64.0.4', 50_000, { addr: '100.64.0.4:0' }],
    ['fd7a:115c:a1e0::4', 50_000, { addr: '[fd7a:115c:a1e0::4]:0' }],
    // a peer's address that is no tailnet's can't have been dialled for it either
    ['203.0.113.9', 50_000, { addr: '203.0.113.9:0' }],
    ['192.168.1.7', 443, { addr: '192.168.1.7:0' }],
    ['2001:db8::1', 50_000, { addr: '[2001:db8::1]:0' }],
    ['127.0.0.1', 50_000, { addr: '127.0.0.1:50000', proto: 'tcp' }],
    ['127.9.9.9', 50_000, { addr: '127.9.9.9:50000', proto: 'tcp' }],
    ['::1', 50_000, { addr: '[::1]:50000', proto: 'tcp' }],
  ])('%s, port %i', async (ip, port, expected) => {
    const { look, asked } = setup();
    await look('whois-user', ip, port);
    expect(asked.map(({ path }) => query(path))).toEqual([expected]);
  });
});

describe('T44 a miss counts when tailscaled runs and says so twice', () => {
  test('then it is remembered for three seconds, and a hit no longer than its second', async () => {
    const world = setup({ isRunning: yes });
    const looking = world.whois.lookup('100.64.0.4', 0);
    await answerAll(world, 'whois-deleted');
    expect(await looking).toEqual({ kind: 'unknown' });
    expect(world.asked).toHaveLength(2);
    world.pass(2999);
    expect(await world.whois.lookup('100.64.0.4', 0)).toEqual({ kind: 'unknown' });
    expect(world.asked).toHaveLength(2);
    world.pass(1);
    expect(await world.look('whois-user')).toMatchObject({ kind: 'found' });
  });

  test('who is found at the second question is no stranger', async () => {
    const world = setup({ isRunning: yes });
    const looking = world.whois.lookup('100.64.0.4', 0);
    world.answer(0, 'whois-not-found');
    await settle();
    world.answer(1, 'whois-user');
    expect(await looking).toMatchObject({ kind: 'found' });
    world.pass(1000);
    void world.whois.lookup('100.64.0.4', 0);
    expect(world.asked).toHaveLength(3);
  });

  test('one that does not run is asked anew each time', async () => {
    const world = setup({ isRunning: no });
    for (let count = 1; count <= 3; count += 1) {
      const looking = world.whois.lookup('100.64.0.4', 0);
      await answerAll(world, 'whois-needs-login', world.asked.length - 1);
      await looking;
      expect(world.asked).toHaveLength(2 * count);
    }
  });

  test('that tailscaled cannot be asked whether it runs is no answer', async () => {
    const world = setup({
      isRunning: () => Promise.reject(new LocalApiError('closed', 'restarting')),
    });
    const looking = world.whois.lookup('100.64.0.4', 0);
    world.answer(0, 'whois-not-found');
    await expect(looking).rejects.toMatchObject({ code: 'closed' });
    expect(world.asked).toHaveLength(1);
  });

  test('a hundred questions about one removed device are two', async () => {
    const world = setup({ isRunning: yes });
    const all = Promise.all(
      Array.from({ length: 100 }, (_, port) => world.whois.lookup('100.64.0.4', port)),
    );
    await answerAll(world, 'whois-deleted');
    expect(new Set(await all)).toEqual(new Set([{ kind: 'unknown' }]));
    expect(world.asked).toHaveLength(2);
  });

  test.each(['before the second question', 'after it'])(
    'a change that is heard of %s forgets the miss',
    async (when) => {
      const world = setup({ isRunning: yes });
      const looking = world.whois.lookup('100.64.0.4', 0);
      world.answer(0, 'whois-not-found');
      if (when === 'after it') await settle();
      world.whois.clear();
      await answerAll(world, 'whois-not-found', 1);
      await looking;
      expect(await world.look('whois-user')).toMatchObject({ kind: 'found' });
    },
  );
});

describe('T44 loopback connections, each of whose misses holds the lock of tailscaled', () => {
  test('are asked about one after another, and nobody else waits for them', async () => {
    const world = setup();
    const looking = [1, 2, 3].map((port) => world.whois.lookup('127.0.0.1', port));
    await settle();
    expect(world.asked).toHaveLength(1);
    expect(await world.look('whois-user')).toMatchObject({ kind: 'found' });
    await answerAll({ ...world, asked: world.asked.filter((_, at) => at !== 1) }, 'whois-loopback');
    world.answer(2, 'whois-loopback');
    await settle();
    expect(world.asked).toHaveLength(4);
    world.answer(3, 'whois-loopback');
    expect(new Set(await Promise.all(looking))).toEqual(new Set([{ kind: 'unknown' }]));
  });

  test('that are gone before their turn are not asked about, nor a second time', async () => {
    const world = setup({ isRunning: yes });
    let open = true;
    const isWanted = () => open;
    const looking = [1, 2, 3].map((port) => world.whois.lookup('127.0.0.1', port, { isWanted }));
    await settle();
    open = false;
    world.answer(0, 'whois-loopback');
    expect(new Set(await Promise.all(looking))).toEqual(new Set([{ kind: 'unknown' }]));
    expect(world.asked).toHaveLength(1);
  });

  test('misses are forgotten at once: the port is soon another connection', async () => {
    const world = setup({ isRunning: yes, cacheSeconds: 0 });
    const looking = world.whois.lookup('127.0.0.1', 1);
    await answerAll(world, 'whois-loopback');
    await looking;
    void world.whois.lookup('127.0.0.1', 1);
    await settle();
    expect(world.asked).toHaveLength(3);
  });

  test('that waited too long are told so, and those after them are asked about', async () => {
    const world = setup();
    const first = world.whois.lookup('127.0.0.1', 1);
    const second = world.whois.lookup('127.0.0.1', 2);
    await settle();
    world.pass(2001);
    world.asked[0]?.reject(new LocalApiError('timeout', 'hung'));
    await expect(first).rejects.toMatchObject({ code: 'timeout' });
    await expect(second).rejects.toMatchObject({ code: 'timeout' });
    expect(world.asked).toHaveLength(1);
    const third = world.whois.lookup('127.0.0.1', 3);
    await settle();
    world.answer(1, 'whois-user');
    expect(await third).toMatchObject({ kind: 'found' });
  });
});
