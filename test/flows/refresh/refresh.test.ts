import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  failure,
  isActive,
  login,
  refresh,
  type Tokens,
  tokensOf,
  userinfo,
} from '../../world/login.ts';
import { clients, startWorld, type World } from '../../world/world.ts';

const at = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);

/** The daemon of this process reads `Date`; timers and the whois cache's age go on as they are. */
const useFakeDate = () => vi.useFakeTimers({ toFake: ['Date'] });

describe('T03 rotation of refresh tokens', () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world[Symbol.asyncDispose]());
  afterEach(() => {
    vi.useRealTimers();
  });

  const begin = (clientId: string) => login(world.browser(), world.issuer, clientId);
  const again = (token: string, clientId: string) => refresh(world.issuer, token, clientId);
  const works = async ({ accessToken }: Tokens) =>
    (await userinfo(world.issuer, accessToken)).status === 200;

  describe.each(['grafana', 'spa'])('of the client %s', (clientId) => {
    it('answers 20 parallel refreshes with siblings of one family', async () => {
      const first = await begin(clientId);

      const answers = await Promise.all(
        Array.from({ length: 20 }, () => again(first.refreshToken, clientId)),
      );

      const siblings = answers.map(tokensOf);
      expect(new Set(siblings.map((one) => one.refreshToken)).size).toBe(20);
      const alive = await Promise.all(siblings.map(works));
      expect(alive).toEqual(siblings.map(() => true));

      // the first sibling used retires the others, and whoever presents one of those ends the family
      const next = tokensOf(await again(siblings[7]!.refreshToken, clientId));
      expect(await works(next)).toBe(true);
      expect(failure(await again(siblings[3]!.refreshToken, clientId))).toBe('400 invalid_grant');
      expect(failure(await again(next.refreshToken, clientId))).toBe('400 invalid_grant');
      const dead = await Promise.all([first, ...siblings, next].map(works));
      expect(dead).not.toContain(true);
    });

    it('ends the other siblings when two are used at once', async () => {
      const first = await begin(clientId);
      const siblings = await Promise.all([
        again(first.refreshToken, clientId),
        again(first.refreshToken, clientId),
      ]);

      const answers = await Promise.all(
        siblings.map((sibling) => again(tokensOf(sibling).refreshToken, clientId)),
      );

      expect(answers.map(failure).toSorted()).toEqual(['200', '400 invalid_grant']);
      const winner = tokensOf(answers.find(({ status }) => status === 200)!);
      expect(await works(winner)).toBe(false);
      expect(failure(await again(winner.refreshToken, clientId))).toBe('400 invalid_grant');
    });

    it('works once more when the answer got lost within the grace', async () => {
      useFakeDate();
      const first = await begin(clientId);
      await again(first.refreshToken, clientId);
      at(9);

      const late = tokensOf(await again(first.refreshToken, clientId));

      expect(await works(late)).toBe(true);
      expect(failure(await again(late.refreshToken, clientId))).toBe('200');
    });

    it('ends the family when a token is presented after the grace', async () => {
      useFakeDate();
      const first = await begin(clientId);
      const second = tokensOf(await again(first.refreshToken, clientId));
      at(12);

      expect(failure(await again(first.refreshToken, clientId))).toBe('400 invalid_grant');

      expect(await works(second)).toBe(false);
      expect(await works(first)).toBe(false);
      expect(failure(await again(second.refreshToken, clientId))).toBe('400 invalid_grant');
    });

    it('ends the family when a token of two rotations ago is presented within the grace', async () => {
      const first = await begin(clientId);
      const second = tokensOf(await again(first.refreshToken, clientId));
      const third = tokensOf(await again(second.refreshToken, clientId));

      expect(failure(await again(first.refreshToken, clientId))).toBe('400 invalid_grant');

      expect(failure(await again(third.refreshToken, clientId))).toBe('400 invalid_grant');
      expect(await works(third)).toBe(false);
    });
  });

  it('ends at the idle lifetime, each rotation giving a new one', async () => {
    useFakeDate();
    const first = await begin('grafana');
    at(29 * 86_400);
    const second = tokensOf(await again(first.refreshToken, 'grafana'));
    at(29 * 86_400);
    const third = tokensOf(await again(second.refreshToken, 'grafana'));
    at(30 * 86_400 + 1);

    expect(failure(await again(third.refreshToken, 'grafana'))).toBe('400 invalid_grant');
    expect(await isActive(world.issuer, third.refreshToken)).toBe(false);
  });

  it('ends at the absolute lifetime, however often it is used', async () => {
    useFakeDate();
    let tokens = await begin('spa');
    for (const days of [29, 29, 29]) {
      at(days * 86_400);
      tokens = tokensOf(await again(tokens.refreshToken, 'spa'));
    }
    at(2 * 86_400);
    const last = tokensOf(await again(tokens.refreshToken, 'spa'));
    at(86_400 + 60);

    expect(failure(await again(last.refreshToken, 'spa'))).toBe('400 invalid_grant');
  });

  it('narrows the scope of one access token, and not of the family', async () => {
    const first = await begin('grafana');
    const narrow = tokensOf(
      await refresh(world.issuer, first.refreshToken, 'grafana', { scope: 'openid email' }),
    );

    expect(narrow.scope).toBe('openid email');
    const claims = JSON.parse((await userinfo(world.issuer, narrow.accessToken)).body);
    expect(claims).toHaveProperty('email', 'alice@example.com');
    expect(claims).not.toHaveProperty('username');
    const wide = tokensOf(await again(narrow.refreshToken, 'grafana'));
    expect(wide.scope.split(' ').toSorted()).toEqual(first.scope.split(' ').toSorted());
  });

  it('refuses a scope that the login did not have, and the token lives on', async () => {
    const first = await login(world.browser(), world.issuer, 'grafana', { scope: 'openid' });

    const wider = { scope: 'openid email' };
    const answer = await refresh(world.issuer, first.refreshToken, 'grafana', wider);

    expect(failure(answer)).toBe('400 invalid_scope');
    expect(failure(await again(first.refreshToken, 'grafana'))).toBe('200');
  });
});

describe('without a grace', () => {
  it('T03 one of 20 parallel refreshes is answered, and then the family ends', async () => {
    await using world = await startWorld({ lifetimes: { refreshGraceSeconds: 0 } });
    const first = await login(world.browser(), world.issuer);

    const answers = await Promise.all(
      Array.from({ length: 20 }, () => refresh(world.issuer, first.refreshToken)),
    );

    const given = answers.filter(({ status }) => status === 200).map(tokensOf);
    expect(given).toHaveLength(1);
    expect(failure(await refresh(world.issuer, given[0]!.refreshToken))).toBe('400 invalid_grant');
    expect((await userinfo(world.issuer, given[0]!.accessToken)).status).toBe(401);
  });
});

describe('an app with lifetimes of its own', () => {
  const own = (lifetimes: Record<string, number>) =>
    startWorld({
      clients: clients.map((client) => (client.id === 'spa' ? { ...client, lifetimes } : client)),
    });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('may leave its refresh tokens unused for longer than others, after each rotation', async () => {
    await using world = await own({ refreshIdleSeconds: 60 * 86_400 });
    useFakeDate();
    let tokens = await login(world.browser(), world.issuer, 'spa');
    for (const days of [20, 55]) {
      at(days * 86_400);
      tokens = tokensOf(await refresh(world.issuer, tokens.refreshToken, 'spa'));
    }
  });

  it('may refresh for longer than others', async () => {
    await using world = await own({ refreshAbsoluteSeconds: 300 * 86_400 });
    useFakeDate();
    let tokens = await login(world.browser(), world.issuer, 'spa');
    for (let days = 0; days < 290; days += 29) {
      at(29 * 86_400);
      tokens = tokensOf(await refresh(world.issuer, tokens.refreshToken, 'spa'));
    }
    at(20 * 86_400);
    expect(failure(await refresh(world.issuer, tokens.refreshToken, 'spa'))).toBe(
      '400 invalid_grant',
    );
  });

  it('may have no grace while others have one', async () => {
    await using world = await own({ refreshGraceSeconds: 0 });
    const spa = await login(world.browser(), world.issuer, 'spa');
    const grafana = await login(world.browser(), world.issuer);
    await refresh(world.issuer, spa.refreshToken, 'spa');
    await refresh(world.issuer, grafana.refreshToken);

    expect(failure(await refresh(world.issuer, spa.refreshToken, 'spa'))).toBe('400 invalid_grant');
    expect(failure(await refresh(world.issuer, grafana.refreshToken))).toBe('200');
  });
});
