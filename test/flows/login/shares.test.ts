import { once } from 'node:events';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Caller, type DoorName, dialledFor, doorsOf, handedOn } from '../../world/callers.ts';
import { attempt } from '../../world/login.ts';
import { dial, type Fields, send } from '../../world/send.ts';
import { until } from '../../world/until.ts';
import {
  backchannelAddress,
  type Everywhere,
  listenEverywhere,
  tailnetAddress,
} from '../listeners/listener-world.ts';

let world: Everywhere;
const wires: Wire[] = [];
beforeEach(async () => {
  const limits = { requestsInFlight: 40, requestsInFlightPerPeer: 3, connectionsPerPeer: 8 };
  world = await listenEverywhere({
    limits: { ...limits, requestTimeoutSeconds: 60, drainSeconds: 1, bodyBytesPerSecond: 0 },
  });
});
afterEach(async () => {
  for (const { socket } of wires.splice(0)) socket.destroy();
  await world[Symbol.asyncDispose]();
});

interface Wire {
  readonly socket: Socket;
  said: string;
}

type Door = 'tailnet' | 'serve' | 'userspace' | 'backchannel';
const loopbacks: Partial<Record<Caller, string>> = {
  member: '127.0.0.13',
  tagged: '127.0.0.15',
  'trusted proxy': '127.0.0.18',
};

async function connectAs(door: Door, caller: Caller): Promise<Socket> {
  const { ports, stateDirectory } = world;
  const localAddress = loopbacks[caller] ?? '127.0.0.1';
  if (door === 'serve') return dial({ path: join(stateDirectory, 'serve', 'serve.sock') });
  if (door === 'userspace') return dialledFor(world, caller);
  return door === 'tailnet'
    ? dial({ host: tailnetAddress, port: ports.tailnet, localAddress })
    : dial({ host: backchannelAddress, port: ports.back, localAddress });
}

const fieldsAt = (door: Door, caller: Caller, more: Fields): Fields => {
  const { host } = new URL(world.issuer);
  if (door === 'serve') return handedOn(caller, host, more);
  return [['Host', door === 'backchannel' ? new URL(world.baseUrl).host : host], ...more];
};

/** A request whose body never comes. */
async function dawdle(door: Door, caller: Caller, more: Fields = []): Promise<Wire> {
  const socket = await connectAs(door, caller);
  const wire = { socket, said: '' };
  wires.push(wire);
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    wire.said += String(chunk);
  });
  const form: Fields = [
    ['Content-Type', 'application/x-www-form-urlencoded'],
    ['Content-Length', '100'],
  ];
  const lines = fieldsAt(door, caller, [...form, ...more]).map(
    ([name, value]) => `${name}: ${value}`,
  );
  socket.write(`${['POST /token HTTP/1.1', ...lines].join('\r\n')}\r\n\r\ngrant_type=`);
  return wire;
}

const refused = (of: readonly Wire[]) => of.filter(({ said }) => /^HTTP\/1\.1 503 /.test(said));

async function flood(door: Door, caller: Caller, more: Fields = []): Promise<readonly Wire[]> {
  const mine = await Promise.all(Array.from({ length: 8 }, () => dawdle(door, caller, more)));
  await until('those beyond the share are refused', () => refused(mine).length === 5);
  for (const { said } of refused(mine)) {
    expect(said).toMatch(/^retry-after: \d+\r$/im);
    expect(said).toMatch(/^connection: close\r$/im);
    expect(said).toContain('temporarily_unavailable');
  }
  await until('their connections end', () => refused(mine).every(({ socket }) => socket.destroyed));
  return mine;
}

const logIn = (door: DoorName, caller: Caller, fields: Fields = []) => {
  const { url } = attempt(world.issuer, 'grafana');
  return doorsOf(world)[door].send(caller, { path: url.pathname + url.search, fields });
};
const health = async () => {
  const { body } = await doorsOf(world).admin.send('member', { path: '/readyz', fields: [] });
  return JSON.parse(body) as { status: string; dropped: Record<string, number> };
};

describe('T38 bodies that never come hold', () => {
  it.each([
    ['tailnet', 'tagged', 'member'],
    ['serve', 'tagged', 'member'],
    ['serve', 'Funnel stranger', 'member'],
    ['userspace', 'tagged', 'member'],
  ] as const)('at %s what is %s’s own', async (door, attacker, victim) => {
    await flood(door, attacker);
    expect((await logIn(door, victim)).parameters['code']).toBeTruthy();
    expect(await health()).toMatchObject({ status: 'ready', dropped: { requestsOfPeer: 5 } });
    await world.close();
    expect(world.logged().match(/requests refused/g)).toHaveLength(1);
    expect(world.logged()).not.toMatch(/"stack"/);
  });

  it('behind a trusted proxy what is that person’s', async () => {
    const alice: Fields = [['X-Forwarded-For', '100.64.0.3']];
    const bob: Fields = [['X-Forwarded-For', '100.64.0.4']];
    await flood('tailnet', 'trusted proxy', alice);
    for (let count = 0; count < 3; count += 1) {
      const answer = await logIn('tailnet', 'trusted proxy', bob);
      expect(answer.parameters['code'], answer.body).toBeTruthy();
    }
    // a proxy keeps many connections
    const many = await Promise.all(
      Array.from({ length: 30 }, async () => {
        const socket = await connectAs('tailnet', 'trusted proxy');
        const { url } = attempt(world.issuer, 'grafana');
        const path = url.pathname + url.search;
        const fields = fieldsAt('tailnet', 'trusted proxy', bob);
        return { socket, status: (await send(socket, { path, fields }, true)).status };
      }),
    );
    // bob's share, and not the proxy's, is what they take from
    expect(many.some(({ status }) => status === 303)).toBe(true);
    for (const { socket } of many) socket.destroy();
  });

  it('at the backchannel what is its address’s, and no client’s that has authenticated', async () => {
    const socket = await connectAs('backchannel', 'local process');
    const secret = Buffer.from('grafana:grafana-secret-that-is-long-enough-0').toString('base64');
    const fields = fieldsAt('backchannel', 'local process', [['Authorization', `Basic ${secret}`]]);
    const ask = () => send(socket, { path: '/introspect', form: { token: 'x' }, fields }, true);
    expect((await ask()).status).toBe(200);
    await flood('backchannel', 'local process');
    expect((await ask()).status).toBe(200);
    const elsewhere = await doorsOf(world).backchannel.send('member', {
      path: '/introspect',
      form: { token: 'x' },
      fields: [['Authorization', `Basic ${secret}`]],
    });
    expect(elsewhere.status).toBe(200);
    socket.destroy();
  });
});

describe('T38 idle connections', () => {
  it.each(['tailnet', 'backchannel'] as const)('at %s have a share', async (door) => {
    const sockets: Socket[] = [];
    for (let count = 0; count < 20; count += 1) {
      const socket = await connectAs(door, 'tagged');
      socket.on('error', () => undefined).resume();
      sockets.push(socket);
    }
    await until('the oldest are closed', () =>
      sockets.slice(0, 12).every(({ destroyed }) => destroyed),
    );
    expect(sockets.slice(12).some(({ destroyed }) => destroyed)).toBe(false);
    expect((await health()).dropped).toEqual({ idleConnections: 12 });
    if (door === 'tailnet') {
      expect((await logIn(door, 'member')).parameters['code']).toBeTruthy();
    }
    for (const socket of sockets) socket.destroy();
    await world.close();
    expect(world.logged()).toMatch(/12 idle connections closed/);
  });

  it('at userspace count for the device at their other end', async () => {
    const sockets: Socket[] = [];
    const path = '/healthz-of-nothing';
    for (let count = 0; count < 20; count += 1) {
      const socket = await dialledFor(world, 'tagged');
      sockets.push(socket);
      const fields = fieldsAt('userspace', 'tagged', []);
      await send(
        socket,
        { path: count === 0 ? path : '/introspect', method: 'POST', fields },
        true,
      );
    }
    await until(
      'the oldest are closed',
      () => sockets.filter(({ destroyed }) => destroyed).length === 11,
    );
    expect((await logIn('userspace', 'member')).parameters['code']).toBeTruthy();
    for (const socket of sockets) socket.destroy();
  });
});

it('T38 a flood of what is no HTTP and of broken answers is a few lines of the log', async () => {
  const garbage = await Promise.all(
    Array.from({ length: 7 }, async () => {
      const socket = await connectAs('tailnet', 'tagged');
      socket.on('error', () => undefined).resume();
      socket.write('what is this\r\n\r\n');
      await once(socket, 'close');
    }),
  );
  expect(garbage).toHaveLength(7);
  for (let count = 0; count < 40; count += 1) {
    const wire = await dawdle('tailnet', 'tagged', [['Transfer-Encoding', 'chunked']]);
    await until('it is refused', () => wire.socket.destroyed);
  }
  await world.close();
  const lines = world
    .logged()
    .split('\n')
    .filter((line) => line !== '');
  expect(lines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  expect(world.logged()).toMatch(/\d+ connections ended: what came was not HTTP/);
  expect(lines.length).toBeLessThan(40);
});
