import { describe, expect, it } from 'vitest';
import type { Simulator } from '../../../src/simulator/server.ts';
import { allowInPolicy } from '../../world/allow.ts';
import {
  call,
  codeFor,
  failure,
  isActive,
  login,
  redeem,
  refresh,
  type Tokens,
  tokensOf,
  userinfo,
} from '../../world/login.ts';
import { until } from '../../world/until.ts';
import { startWorld, type World } from '../../world/world.ts';

const alice = 'alice@example.com';
const addresses = ['100.64.0.3', 'fd7a:115c:a1e0::3'];
const everyApp = { src: [alice], clients: ['*'] };

interface Change {
  readonly what: string;
  readonly change: (simulator: Simulator) => void;
  readonly back: (simulator: Simulator) => void;
}

const changes: readonly Change[] = [
  {
    what: 'removed',
    change: (simulator) => simulator.removeNode('alice'),
    back: (simulator) => simulator.addNode('alice', node()),
  },
  {
    what: 'expired',
    change: (simulator) => simulator.setNode('alice', { expired: true }),
    back: (simulator) => simulator.setNode('alice', { expired: false }),
  },
  {
    what: 'made a machine',
    change: (simulator) => simulator.setNode('alice', { tags: ['tag:ci'] }),
    back: (simulator) => simulator.setNode('alice', { user: alice }),
  },
  {
    what: 'given to another person',
    change: (simulator) => simulator.setNode('alice', { user: 'bob@example.com' }),
    back: (simulator) => simulator.setNode('alice', { user: alice }),
  },
  {
    what: 'replaced by another device of hers at the same address',
    change(simulator) {
      simulator.removeNode('alice');
      simulator.addNode('other', { ...node(), id: '77' });
    },
    back(simulator) {
      simulator.removeNode('other');
      simulator.addNode('alice', node());
    },
  },
  {
    what: 'moved to another tailnet and shared back',
    change: (simulator) => simulator.setNode('alice', { sharee: true }),
    back: (simulator) => simulator.setNode('alice', { sharee: false }),
  },
  {
    what: 'no longer granted the app',
    change: (simulator) => allowInPolicy(simulator, []),
    back: (simulator) => allowInPolicy(simulator, [everyApp]),
  },
];

function node() {
  return { id: '3', user: alice, addresses, loopback: '127.0.0.1' };
}

async function startGranted(): Promise<World> {
  const world = await startWorld({ access: 'granted' });
  allowInPolicy(world.simulator, [everyApp]);
  return world;
}

/** Everything that asks for the person again says that she is gone. */
async function expectDead(world: World, tokens: Tokens): Promise<void> {
  const answer = await userinfo(world.issuer, tokens.accessToken);
  expect(failure(answer)).toBe('401 invalid_token');
  expect(String(answer.headers['www-authenticate'])).toContain('error="invalid_token"');
  expect(failure(await refresh(world.issuer, tokens.refreshToken))).toBe('400 invalid_grant');
  expect(await isActive(world.issuer, tokens.accessToken)).toBe(false);
  expect(await isActive(world.issuer, tokens.refreshToken)).toBe(false);
}

async function expectAlive(world: World, tokens: Tokens, clientId = 'grafana'): Promise<void> {
  expect((await userinfo(world.issuer, tokens.accessToken)).status).toBe(200);
  expect(failure(await refresh(world.issuer, tokens.refreshToken, clientId))).toBe('200');
}

/** The whois cache's second at most, and a little for a slow machine. */
const dies = (world: World, { accessToken }: Tokens) =>
  until(
    'the token dies',
    async () => (await userinfo(world.issuer, accessToken)).status === 401,
    2000,
  );

describe('T04 T13 tokens of a device that was', () => {
  it.each(changes)('$what die within the second', async ({ change, back }) => {
    await using world = await startGranted();
    const tokens = await login(world.browser(), world.issuer);
    const unasked = await login(world.browser(), world.issuer);
    const code = await codeFor(world.browser(), world.issuer);
    expect(await isActive(world.issuer, tokens.accessToken)).toBe(true);

    change(world.simulator);

    await dies(world, tokens);
    await expectDead(world, tokens);
    expect(failure(await redeem(world.issuer, code))).toBe('400 invalid_grant');

    back(world.simulator);
    const fresh = await until('a new login works', () =>
      login(world.browser(), world.issuer).catch(() => undefined),
    );
    expect(fresh.claims['sub']).toBe('userid:1');
    await expectAlive(world, fresh);
    // what was refused has ended; nobody asked about the other login meanwhile
    await expectDead(world, tokens);
    await expectAlive(world, unasked);
  });

  it('T13 retagged die, even where both tags may log in', async () => {
    await using world = await startWorld();
    const { simulator, issuer } = world;
    allowInPolicy(simulator, [{ src: ['*'], machine_login: true }]);
    const ci = world.browser('127.0.0.3');
    const tokens = await login(ci, issuer);

    simulator.setNode('ci', { tags: ['tag:ci', 'tag:prod'] });

    await dies(world, tokens);
    await expectDead(world, tokens);
    const fresh = await login(ci, issuer);
    simulator.setNode('ci', { tags: ['tag:prod', 'tag:ci'] });
    await expectAlive(world, fresh);
  });
});

describe('one device of a person', () => {
  const startWithPhone = async () => {
    const world = await startWorld();
    const phone = { user: alice, addresses: ['100.64.0.13'], loopback: '127.0.0.7' };
    world.simulator.addNode('alice-phone', phone);
    const onPhone = await login(world.browser('127.0.0.7'), world.issuer);
    return { world, onPhone };
  };

  it('keeps its tokens when a code of the other is presented twice', async () => {
    const { world, onPhone } = await startWithPhone();
    await using _ = world;
    const code = await codeFor(world.browser(), world.issuer);
    const onLaptop = tokensOf(await redeem(world.issuer, code));

    expect(failure(await redeem(world.issuer, code))).toBe('400 invalid_grant');

    expect((await userinfo(world.issuer, onLaptop.accessToken)).status).toBe(401);
    await expectAlive(world, onPhone);
  });

  it("keeps its tokens when the other's are revoked", async () => {
    const { world, onPhone } = await startWithPhone();
    await using _ = world;
    const onLaptop = await login(world.browser(), world.issuer);

    await call(world.issuer, '/revoke', 'grafana', { token: onLaptop.refreshToken });

    await expectDead(world, onLaptop);
    await expectAlive(world, onPhone);
  });

  it('keeps its tokens when the other is removed, as do her other logins there', async () => {
    const { world, onPhone } = await startWithPhone();
    await using _ = world;
    const onLaptop = await login(world.browser(), world.issuer);

    world.simulator.removeNode('alice');

    await dies(world, onLaptop);
    await expectDead(world, onLaptop);
    await expectAlive(world, onPhone);
  });

  it('keeps the tokens of one app when those of another are revoked', async () => {
    await using world = await startWorld();
    const browser = world.browser();
    const grafana = await login(browser, world.issuer);
    const spa = await login(browser, world.issuer, 'spa');

    await call(world.issuer, '/revoke', 'grafana', { token: grafana.accessToken });

    await expectDead(world, grafana);
    await expectAlive(world, spa, 'spa');
  });
});
