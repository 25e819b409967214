import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { auditLog } from '../../world/audit-log.ts';
import { json } from '../../world/login.ts';
import { rowsOf } from '../../world/rows.ts';
import type { World } from '../../world/world.ts';
import {
  exchange,
  loginAt,
  mcp,
  post,
  type SenderName,
  senders,
  startExchanging,
  worker,
} from './exchange-world.ts';

const each = 10;
const events = new Set(['token', 'exchange']);

describe('T39 tokens of a client in a minute', () => {
  let world: World;
  beforeEach(async () => {
    world = await startExchanging({ limits: { tokensPerMinute: each } });
    vi.useFakeTimers({ toFake: ['Date'] });
  });
  afterEach(async () => {
    vi.useRealTimers();
    await world[Symbol.asyncDispose]();
  });

  const ownToken = (by: SenderName) =>
    post(
      world,
      '/token',
      { grant_type: 'client_credentials', ...(by === 'robot' ? {} : { resource: mcp }) },
      senders[by],
    );
  const issued = () => auditLog(world.directory).filter(({ event }) => events.has(event)).length;

  /** Ten pass, and then no more until the minute is over. */
  const expectBound = async (take: () => ReturnType<typeof exchange>) => {
    for (let count = 0; count < each; count += 1) expect((await take()).status).toBe(200);
    const before = [rowsOf(world), issued()];
    for (let count = 0; count < 5; count += 1) {
      const refused = await take();
      expect(refused.status).toBe(429);
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
      expect(json(refused)['error']).toBe('temporarily_unavailable');
    }
    expect([rowsOf(world), issued()]).toEqual(before);
  };

  test.each<SenderName>(['ci', 'robot'])(
    'its own (%s) are bounded, and no other client’s',
    async (by) => {
      await expectBound(() => ownToken(by));
      expect((await ownToken('second')).status).toBe(200);
      vi.setSystemTime(Date.now() + 61_000);
      expect((await ownToken(by)).status).toBe(200);
    },
  );

  test('exchanges for one person are bounded, not those for another or by another client', async () => {
    const alices = (await loginAt(world, worker, 'read_file')).accessToken;
    const bobs = (await loginAt(world, worker, 'read_file', '127.0.0.2')).accessToken;
    await expectBound(() => exchange(world, alices, { resource: mcp }, 'grafana'));
    expect((await exchange(world, bobs, { resource: mcp }, 'grafana')).status).toBe(200);
    expect((await exchange(world, alices, { resource: mcp }, 'ci')).status).toBe(200);
    vi.setSystemTime(Date.now() + 61_000);
    expect((await exchange(world, alices, { resource: mcp }, 'grafana')).status).toBe(200);
  });

  test('what is refused for other reasons takes nothing', async () => {
    const alices = (await loginAt(world, worker, 'read_file')).accessToken;
    for (let count = 0; count < each; count += 1) {
      const target = { resource: 'https://nobody.test' };
      expect((await exchange(world, alices, target, 'grafana')).status).toBe(400);
    }
    expect((await exchange(world, alices, { resource: mcp }, 'grafana')).status).toBe(200);
  });
});
