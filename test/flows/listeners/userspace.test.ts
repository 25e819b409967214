import { once } from 'node:events';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { dialledFor } from '../../world/callers.ts';
import { dial, type Sent, send } from '../../world/send.ts';
import { until } from '../../world/until.ts';
import { type Everywhere, listenEverywhere } from './listener-world.ts';

let world: Everywhere;
beforeAll(async () => {
  world = await listenEverywhere();
});
afterAll(() => world[Symbol.asyncDispose]());

type Connection = Awaited<ReturnType<typeof dial>>;

const home = (socket: Connection, keep = true): Promise<Sent> =>
  send(socket, { path: '/', fields: [['Host', 'idp.tailnet.test']] }, keep);
const asked = () => world.simulator.requests.get('/localapi/v0/whois') ?? 0;
const local = (localPort = 0) =>
  dial({
    host: '127.0.0.1',
    port: world.ports.userspace,
    localAddress: '127.0.0.1',
    ...(localPort === 0 ? {} : { localPort }),
  });

it("a connection's person is asked for at its first request, by its port", async () => {
  const socket = await dialledFor(world, 'member');
  expect((await home(socket)).body).toContain('alice@example.com');
  socket.destroy();
});

it('T19 a port that is used again lends nobody its last identity', async () => {
  const first = await dialledFor(world, 'member');
  const port = first.localPort ?? 0;
  expect((await home(first)).body).toContain('alice@example.com');
  // a reset: the port is free at once
  first.resetAndDestroy();
  await once(first, 'close');

  const second = await until('the port is free', () => local(port).catch(() => undefined));
  expect(second.localPort).toBe(port);

  const { body } = await home(second, false);
  expect(body).not.toContain('alice');
  expect(body).toContain('does not come from a device');
});

it('a program of this machine is asked for once a while, not at each request', async () => {
  const socket = await local();
  await home(socket);
  const before = asked();
  for (let count = 0; count < 5; count += 1) {
    expect((await home(socket)).body).toContain('does not come from a device');
  }
  expect(asked()).toBe(before);
  socket.destroy();
});

it('what a person may do is never older than elsewhere, however long the connection stands', async () => {
  const { simulator } = world;
  const socket = await dialledFor(world, 'member');
  await home(socket);

  simulator.setNode('alice', { expired: true });
  await until('it is seen', async () => (await home(socket)).body.includes('key has expired'));
  simulator.setNode('alice', { expired: false });
  await until('it is seen', async () => (await home(socket)).body.includes('alice@example.com'));
  socket.destroy();
});

it("a device whose address goes to another does not take its connection's person along", async () => {
  const { simulator } = world;
  const socket = await dialledFor(world, 'member');
  expect((await home(socket)).body).toContain('alice@example.com');
  const { addresses = [] } = simulator.tailnet.nodes.get('alice') ?? {};

  simulator.setNode('alice', { addresses: ['100.64.0.50'] });
  simulator.setNode('bob', { addresses: [...addresses] });

  await until('it is seen', async () => {
    const { body } = await home(socket);
    expect(body).not.toContain('bob');
    return body.includes('does not come from a device');
  });
  socket.destroy();
});

it('T31 trouble of tailscaled is not remembered', async () => {
  const { simulator } = world;
  const socket = await dialledFor(world, 'tagged');
  simulator.fault('error500', '/localapi/v0/whois');
  expect((await home(socket)).body).toContain('cannot ask its Tailscale daemon');
  simulator.fault('none');
  expect((await home(socket)).body).toContain('tag:ci');
  socket.destroy();
});
