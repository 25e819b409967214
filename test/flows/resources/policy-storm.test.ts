import { describe, expect, it } from 'vitest';
import { allowInPolicy } from '../../world/allow.ts';
import type { Answer } from '../../world/browser.ts';
import {
  attempt,
  failure,
  login,
  refresh,
  type Tokens,
  tokensOf,
  userinfo,
} from '../../world/login.ts';
import { until } from '../../world/until.ts';
import { startWorld, type World } from '../../world/world.ts';

const alice = { address: '127.0.0.1', src: ['alice@example.com'], clients: ['*'] };
const bob = { address: '127.0.0.2', src: ['bob@example.com'], clients: ['*'] };
/** How old an answer of whois may be: a changed grant decides from then on. */
const cacheMs = 1000;

interface Outcome {
  readonly who: string;
  readonly what: 'login' | 'refresh' | 'userinfo';
  readonly begunMs: number;
  /** What the app was told: `200`, or the error. */
  readonly told: string;
}

/** Logs in, refreshes and asks for userinfo, over and over, until told to end. */
async function storm(world: World, who: string, ending: AbortSignal, outcomes: Outcome[]) {
  const { issuer } = world;
  const note = async (what: Outcome['what'], act: () => Promise<string>) => {
    const begunMs = performance.now();
    outcomes.push({ who, what, begunMs, told: await act() });
  };
  let tokens: Tokens = await login(world.browser(who), issuer);
  while (!ending.aborted) {
    await note('login', async () => {
      const answer = await world.browser(who).open(attempt(issuer, 'grafana').url);
      return told(answer);
    });
    await note('refresh', async () => {
      const answer = await refresh(issuer, tokens.refreshToken);
      if (answer.status === 200) tokens = tokensOf(answer);
      return failure(answer);
    });
    await note('userinfo', async () => {
      const { status } = await userinfo(issuer, tokens.accessToken);
      return String(status);
    });
  }
}

function told({ location, status }: Answer): string {
  return location?.searchParams.has('code')
    ? '200'
    : (location?.searchParams.get('error') ?? String(status));
}

describe('T04 a grant that is taken away', () => {
  it('ends every login, refresh and userinfo of its person within a second, in a storm, and of nobody else', async () => {
    await using world = await startWorld({ access: 'granted' });
    allowInPolicy(world.simulator, [alice, bob]);
    const ending = new AbortController();
    const outcomes: Outcome[] = [];
    const workers = [alice, bob, alice, bob].map(({ address }) =>
      storm(world, address, ending.signal, outcomes),
    );
    const since = (who: string, fromMs: number) =>
      outcomes.filter((one) => one.who === who && one.begunMs >= fromMs);
    await until('the storm is strong', () => outcomes.length > 60, 20_000);
    expect(outcomes.every(({ told: what }) => what === '200')).toBe(true);

    allowInPolicy(world.simulator, [alice]);
    const overMs = performance.now() + cacheMs;
    await until(
      'both went on',
      () => {
        const both = [alice, bob].map(({ address }) => since(address, overMs).length);
        return both.every((count) => count > 30);
      },
      30_000,
    );
    ending.abort();
    await Promise.all(workers);

    const after = since(bob.address, overMs);
    expect(new Set(after.map(({ what }) => what))).toEqual(
      new Set(['login', 'refresh', 'userinfo']),
    );
    expect(new Set(after.map(({ what, told: why }) => `${what} ${why}`))).toEqual(
      new Set(['login access_denied', 'refresh 400 invalid_grant', 'userinfo 401']),
    );
    expect(new Set(since(alice.address, 0).map(({ told: what }) => what))).toEqual(
      new Set(['200']),
    );
  });

  it('takes the refresh of one app, and leaves that of another', async () => {
    await using world = await startWorld({ access: 'granted', whoisCacheSeconds: 0 });
    const { simulator, issuer } = world;
    allowInPolicy(simulator, [bob]);
    const browser = world.browser(bob.address);
    const grafana = await login(browser, issuer);
    const spa = await login(browser, issuer, 'spa');

    allowInPolicy(simulator, [{ ...bob, clients: ['spa'] }]);

    expect(failure(await refresh(issuer, grafana.refreshToken))).toBe('400 invalid_grant');
    expect(failure(await refresh(issuer, spa.refreshToken, 'spa'))).toBe('200');
  });
});
