import { afterAll, beforeAll, expect, test } from 'vitest';
import { allowInPolicy } from '../../world/allow.ts';
import type { World } from '../../world/world.ts';
import { Storm } from './exchange-storm.ts';
import { post, rules, senders, startExchanging } from './exchange-world.ts';

let world: World;
beforeAll(async () => {
  world = await startExchanging();
});
afterAll(() => world[Symbol.asyncDispose]());

test.each([1, 20_260_131, 424_242])(
  'T05 T12 T13 whatever happens, nothing gets wider, lives longer or forgets an actor (%i)',
  { timeout: 60_000 },
  async (seed) => {
    allowInPolicy(world.simulator, Object.values(rules));
    world.simulator.setNode('ci', { tags: ['tag:ci'] });
    world.simulator.setNode('second', { tags: ['tag:work'] });
    const storm = new Storm(world, seed);
    for (let step = 0; step < 200; step += 1) {
      await storm.step();
      if (step % 10 === 9) await storm.check();
    }
    await world.restart();
    await storm.check();
    expect(storm.issued).toBeGreaterThan(10);
    expect(storm.refused).toBeGreaterThan(10);
    expect((await post(world, '/token', {}, senders.ci)).status).toBe(400);
  },
);
