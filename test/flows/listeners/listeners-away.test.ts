import { expect, it } from 'vitest';
import { doorsOf } from '../../world/callers.ts';
import { attempt } from '../../world/login.ts';
import type { Sent } from '../../world/send.ts';
import { until } from '../../world/until.ts';
import { listenEverywhere } from './listener-world.ts';

const people = ['tailnet', 'serve', 'userspace'] as const;

it('T31 with tailscaled gone no listener guesses, each says so, and each comes back', async () => {
  await using world = await listenEverywhere();
  const { simulator, issuer } = world;
  const doors = doorsOf(world);
  const login = (door: (typeof people)[number], more = {}): Promise<Sent> => {
    const { url } = attempt(issuer, 'grafana', more);
    return doors[door].send('member', { path: url.pathname + url.search, fields: [] });
  };
  const get = (door: keyof typeof doors, path: string) =>
    doors[door].send('local process', { path, fields: [] });
  for (const door of people) expect((await login(door)).parameters['code']).toBeTruthy();

  await simulator.stop();

  await until('whois is forgotten', async () => (await login('tailnet')).status === 503);
  for (const door of people) {
    const page = await login(door);
    expect(page.status, door).toBe(503);
    expect(page.headers['content-type']).toMatch(/^text\/html/);
    expect(Number(page.headers['retry-after'])).toBeGreaterThan(0);
    const silent = await login(door, { prompt: 'none' });
    expect(silent.parameters).toMatchObject({ error: 'temporarily_unavailable', iss: issuer });
  }
  expect((await get('admin', '/healthz')).status).toBe(200);
  expect((await get('admin', '/readyz')).status).toBe(503);
  expect((await get('backchannel', '/.well-known/jwks.json')).status).toBe(200);

  await simulator.restart();

  for (const door of people) {
    await until(`${door} is back`, async () => (await login(door)).parameters['code']);
  }
  await until('it is ready', async () => (await get('admin', '/readyz')).status === 200);
});

it('a network map that is too old ends logins at every listener', async () => {
  await using world = await listenEverywhere({ staleNetworkMapSeconds: 0 });
  const doors = doorsOf(world);
  const { url } = attempt(world.issuer, 'grafana');
  const message = { path: url.pathname + url.search, fields: [] };
  world.simulator.setStatus({ online: false });
  world.simulator.setNode('bob', { os: 'macOS' });
  for (const door of people) {
    await until(`${door} refuses`, async () => {
      return (await doors[door].send('member', message)).status === 503;
    });
  }
});
