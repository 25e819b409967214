import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { basic } from '../../world/app.ts';
import { auditLog } from '../../world/audit-log.ts';
import { Browser } from '../../world/browser.ts';
import { failure, isActive, login, tokensOf } from '../../world/login.ts';
import { clients, startWorld, type World } from '../../world/world.ts';

const alice = '127.0.0.1';
const bob = '127.0.0.2';
const nobody = '127.0.0.9';
const at = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);

describe('T03 a grace of half an hour', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({
      clients: clients.map((client) => ({
        ...client,
        lifetimes: { refreshGraceSeconds: client.id === 'post' ? 10 : 1800 },
      })),
    });
  });
  afterAll(() => world[Symbol.asyncDispose]());
  afterEach(() => {
    vi.useRealTimers();
  });

  const refresh = (token: string, id: string, from: string, headers = {}) =>
    new Browser(from).open(`${world.issuer}/token`, {
      form: { grant_type: 'refresh_token', refresh_token: token, client_id: id },
      headers: { ...(id === 'spa' ? {} : basic(id)), ...headers },
    });
  /** A login whose token was rotated so long ago. */
  const rotated = async (id: string, seconds: number) => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const { refreshToken } = await login(world.browser(), world.issuer, id);
    const next = tokensOf(await refresh(refreshToken, id, alice));
    at(seconds);
    return { token: refreshToken, next };
  };

  it.each(['grafana', 'spa'])(
    '%s: answers the device of the login once more, and says so',
    async (id) => {
      const { token, next } = await rotated(id, 1799);
      const late = tokensOf(await refresh(token, id, alice));
      expect(await isActive(world.issuer, late.accessToken)).toBe(true);
      const record = auditLog(world.directory).findLast(({ event }) => event === 'refresh');
      expect(record?.detail).toMatchObject({ lateSeconds: 1799 });
      // the sibling that is used first retires the other
      tokensOf(await refresh(late.refreshToken, id, alice));
      expect(failure(await refresh(next.refreshToken, id, nobody))).toBe('400 invalid_grant');
    },
  );

  it('gives one of many at once, and to the others the end of the family', async () => {
    const { token } = await rotated('grafana', 60);
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => refresh(token, 'grafana', alice)),
    );
    const given = answers.filter(({ status }) => status === 200).map(tokensOf);
    expect(given).toHaveLength(1);
    const { refreshToken } = given[0] ?? { refreshToken: '' };
    expect(failure(await refresh(refreshToken, 'grafana', alice))).toBe('400 invalid_grant');
  });

  it.each([
    ['another person’s device', bob],
    ['an address of nobody', nobody],
  ])('gives %s nothing, and ends the family', async (_, from) => {
    const { token, next } = await rotated('grafana', 11);
    expect(failure(await refresh(token, 'grafana', from))).toBe('400 invalid_grant');
    expect(failure(await refresh(next.refreshToken, 'grafana', alice))).toBe('400 invalid_grant');
  });

  it('T33 gives a page of another origin on the device nothing', async () => {
    const { token } = await rotated('grafana', 11);
    const foreign = { origin: 'https://evil.test' };
    expect((await refresh(token, 'grafana', alice, foreign)).status).toBeGreaterThanOrEqual(400);
  });

  it('is for everybody within ten seconds, and leaves no mark then', async () => {
    const { token } = await rotated('grafana', 10);
    tokensOf(await refresh(token, 'grafana', nobody));
    const record = auditLog(world.directory).findLast(({ event }) => event === 'refresh');
    expect(record?.detail).not.toHaveProperty('lateSeconds');
  });

  it.each([
    ['grafana', 1801],
    ['post', 11],
  ])('%s: has its end', async (id, seconds) => {
    const { token } = await rotated(id, seconds);
    expect(failure(await refresh(token, id, alice))).toBe('400 invalid_grant');
  });
});
