import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { auditLog } from '../../world/audit-log.ts';
import { failure, json, login, refresh, tokensOf, userinfo } from '../../world/login.ts';
import { rowsOf } from '../../world/rows.ts';
import { startWorld, type World } from '../../world/world.ts';

const each = 10;

describe('T39 refreshes in a minute', () => {
  let world: World;
  beforeEach(async () => {
    world = await startWorld({ limits: { tokensPerMinute: each } });
    vi.useFakeTimers({ toFake: ['Date'] });
  });
  afterEach(async () => {
    vi.useRealTimers();
    await world[Symbol.asyncDispose]();
  });

  const begin = (clientId = 'spa', address?: string) =>
    login(world.browser(address), world.issuer, clientId);
  const exhaust = async (clientId = 'spa') => {
    let tokens = await begin(clientId);
    for (let count = 0; count < each; count += 1) {
      tokens = tokensOf(await refresh(world.issuer, tokens.refreshToken, clientId));
    }
    return tokens;
  };
  const refreshes = () => auditLog(world.directory).filter(({ event }) => event === 'refresh');

  test.each(['spa', 'grafana'])(
    'of one login (%s) are bounded; one refused leaves nothing, and the token works later',
    async (clientId) => {
      const tokens = await exhaust(clientId);
      const rows = rowsOf(world);

      for (let count = 0; count < 5; count += 1) {
        const refused = await refresh(world.issuer, tokens.refreshToken, clientId);
        expect(refused.status).toBe(429);
        expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
        expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(60);
        expect(json(refused)).toEqual({
          error: 'temporarily_unavailable',
          error_description: 'this login was refreshed too often: wait before the next try',
        });
      }
      expect(rowsOf(world)).toEqual(rows);
      expect(refreshes()).toHaveLength(each);
      expect((await userinfo(world.issuer, tokens.accessToken)).status).toBe(200);

      vi.setSystemTime(Date.now() + 61_000);
      const next = tokensOf(await refresh(world.issuer, tokens.refreshToken, clientId));
      expect((await userinfo(world.issuer, next.accessToken)).status).toBe(200);
    },
  );

  test('parallel ones gain nothing', async () => {
    const { refreshToken } = await begin();
    const answers = await Promise.all(
      Array.from({ length: 3 * each }, () => refresh(world.issuer, refreshToken, 'spa')),
    );
    expect(answers.map(failure).filter((one) => one === '200')).toHaveLength(each);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(2 * each);
  });

  test('of another person, and of the same one at another app, take from no one else’s', async () => {
    await exhaust();
    await exhaust();
    const third = await begin();
    expect((await refresh(world.issuer, third.refreshToken, 'spa')).status).toBe(429);
    const elsewhere = await begin('grafana');
    expect((await refresh(world.issuer, elsewhere.refreshToken, 'grafana')).status).toBe(200);
    const bobs = await begin('spa', '127.0.0.2');
    expect((await refresh(world.issuer, bobs.refreshToken, 'spa')).status).toBe(200);
  });

  test('a replay ends the login, however often it was refreshed', async () => {
    const first = await begin();
    let tokens = first;
    for (let count = 0; count < each; count += 1) {
      tokens = tokensOf(await refresh(world.issuer, tokens.refreshToken, 'spa'));
    }
    expect(failure(await refresh(world.issuer, first.refreshToken, 'spa'))).toBe(
      '400 invalid_grant',
    );
    expect((await userinfo(world.issuer, tokens.accessToken)).status).toBe(401);
  });
});
