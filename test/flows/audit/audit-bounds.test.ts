import { dirname } from 'node:path';
import { expect, it, vi } from 'vitest';
import { exposure } from '../../../src/http/exposure.ts';
import type { ListenerKind } from '../../../src/http/identify/entrance.ts';
import { auditLog } from '../../world/audit-log.ts';
import { type Caller, doorsOf } from '../../world/callers.ts';
import { type Everywhere, listenEverywhere } from '../listeners/listener-world.ts';

const parameters = {
  ...{ client_id: 'spa', redirect_uri: 'https://spa.test/cb', response_type: 'code' },
  ...{ code_challenge: 'c'.repeat(43), code_challenge_method: 'S256', scope: 'openid' },
  ...{ grant_type: 'authorization_code', code: 'made-up', code_verifier: 'v'.repeat(43) },
  ...{ token: 'made-up', name: 'App', action: 'remove' },
};

/** Every method of every route that is there. */
const requestsAt = (listener: ListenerKind) =>
  exposure
    .filter(({ listeners }) => listeners.includes(listener))
    .flatMap(({ path, methods }) =>
      methods.map((method) => ({ method, path: path.replace('*', 'grafana') })),
    );

async function walk(
  world: Everywhere,
  door: 'tailnet' | 'serve' | 'backchannel',
  caller: Caller,
): Promise<void> {
  const query = new URLSearchParams(parameters);
  for (const { method, path } of requestsAt(door === 'serve' ? 'funnel' : door)) {
    await doorsOf(world)[door].send(caller, {
      method,
      path: `${path}?${query}`,
      fields: [],
      ...(method === 'POST' ? { form: parameters } : {}),
    });
  }
}

it.each([
  ['tailnet', 'unknown', 120],
  ['serve', 'Funnel stranger', 60],
  ['backchannel', 'unknown', 60],
  ['tailnet', 'member', 120],
] as const)(
  'T14 denied at every door, at %s as %s, leaves so many records a minute: %i',
  async (door, caller, limit) => {
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      await using world = await listenEverywhere();
      const rows = () =>
        auditLog(dirname(world.stateDirectory)).filter(({ event }) => event === 'denial').length;
      await walk(world, door, caller);
      const ofOneWalk = rows();
      expect(ofOneWalk).toBeGreaterThan(0);
      for (let left = (1.5 * limit) / ofOneWalk; left > 0; left -= 1)
        await walk(world, door, caller);
      expect(rows()).toBeGreaterThan(limit / 2);
      expect(rows()).toBeLessThanOrEqual(limit);
    } finally {
      vi.useRealTimers();
    }
  },
  120_000,
);
