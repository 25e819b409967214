import { expect, it } from 'vitest';
import { Browser } from '../../world/browser.ts';
import { attempt, json, login } from '../../world/login.ts';
import { until } from '../../world/until.ts';
import { startWorld } from '../../world/world.ts';

it('a daemon that starts while the control server is away lets nobody in, and health says why', async () => {
  await using world = await startWorld();
  const ready = async () => {
    const answer = await new Browser().open(`${world.issuer}/readyz`);
    return { ...json(answer), code: answer.status };
  };
  world.simulator.setStatus({ online: false });
  // one that was connected before goes on from the last network map
  await login(world.browser(), world.issuer);
  expect(await ready()).toMatchObject({ code: 200 });

  await world.restart();
  expect(await ready()).toMatchObject({
    code: 503,
    staleSeconds: null,
    problems: [expect.stringMatching(/was not since this daemon started.*nobody is let in/u)],
  });
  const answer = await world
    .browser()
    .open(attempt(world.issuer, 'grafana', { prompt: 'none' }).url);
  expect(answer.location?.searchParams.get('error')).toBe('temporarily_unavailable');
  await until('it is logged', () => world.logged().includes('nobody is let in'), 10_000);

  world.simulator.setStatus({ online: true });
  await until('it is ready', async () => (await ready()).code === 200);
  await login(world.browser(), world.issuer);
});
