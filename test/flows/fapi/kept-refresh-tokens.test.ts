import * as oidc from 'openid-client';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Browser } from '../../world/browser.ts';
import { startWorld } from '../../world/world.ts';
import { FapiApp, jwksOf, newKeys, redirectUri, refusalOf } from './fapi-app.ts';

const daySeconds = 86_400;
const at = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);

describe('T03 a refresh token that is not rotated', () => {
  afterEach(() => {
    vi.useRealTimers();
  });
  const bank = async (lifetimes: object) => {
    const keys = await newKeys();
    const jwks = await jwksOf(keys);
    const client = { id: 'bank', profile: 'fapi2', jwks, redirectUris: [redirectUri], lifetimes };
    const world = await startWorld({ clients: [client] });
    const app = await FapiApp.open(world, 'bank', keys);
    const bound = await app.handle(await newKeys());
    vi.useFakeTimers({ toFake: ['Date'] });
    const tokens = await app.redeem(await app.visit(new Browser(), bound), bound);
    return { world, refresh: () => refusalOf(app.refresh(tokens.refresh_token ?? '', bound)) };
  };

  it('lives on by being used, and no longer than its login', async () => {
    const { world, refresh } = await bank({
      refreshIdleSeconds: daySeconds,
      refreshAbsoluteSeconds: 5 * daySeconds,
    });
    await using _ = world;
    for (const days of [0.9, 0.9, 0.9, 0.9, 0.9]) {
      at(days * daySeconds);
      expect(await refresh()).toBe('taken');
    }
    at(0.6 * daySeconds);
    expect(await refresh()).toMatch(/^invalid_grant/);
  });

  it('ends when it is not used for so long', async () => {
    const { world, refresh } = await bank({ refreshIdleSeconds: daySeconds });
    await using _ = world;
    at(0.9 * daySeconds);
    expect(await refresh()).toBe('taken');
    at(1.1 * daySeconds);
    expect(await refresh()).toMatch(/^invalid_grant/);
  });

  it('of a public client is worth nothing without its key', async () => {
    const client = {
      id: 'bank',
      redirectUris: [redirectUri],
      dpopBoundAccessTokens: true,
      rotateRefreshTokens: false,
      idTokenAlgorithm: 'ES256',
    };
    await using world = await startWorld({ clients: [client] });
    const app = await FapiApp.open(world, 'bank', await newKeys(), oidc.None());
    const bound = await app.handle(await newKeys());
    const token = (await app.redeem(await app.visit(new Browser(), bound), bound)).refresh_token;
    const other = await app.handle(await newKeys());
    expect(await refusalOf(app.refresh(token ?? ''))).toMatch(/^invalid_grant/);
    expect(await refusalOf(app.refresh(token ?? '', other))).toMatch(/^invalid_grant/);
    for (const _ of ['once', 'twice']) {
      expect((await app.refresh(token ?? '', bound)).refresh_token).toBe(token);
    }
  });
});
