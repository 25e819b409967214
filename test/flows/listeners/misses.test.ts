import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realMissMs } from '../../../src/simulator/server.ts';
import { dialledFor, doorsOf } from '../../world/callers.ts';
import { failure, login, refresh, userinfo } from '../../world/login.ts';
import { dial, type Fields, send } from '../../world/send.ts';
import { startWorld } from '../../world/world.ts';
import { type Everywhere, listenEverywhere } from './listener-world.ts';

const whoisPath = '/localapi/v0/whois';
const gone = '100.64.0.4';
const home = '/';
const nobody = 'does not come from a device';
const countOfRequests = 50;
const each = <T>(ask: () => Promise<T>) =>
  Promise.all(Array.from({ length: countOfRequests }, ask));

let world: Everywhere;
let doors: ReturnType<typeof doorsOf>;
beforeEach(async () => {
  world = await listenEverywhere();
  doors = doorsOf(world);
  world.simulator.missMs = realMissMs;
});
afterEach(() => world[Symbol.asyncDispose]());

const asked = () => world.simulator.requests.get(whoisPath) ?? 0;
/** What the home page says. */
const through = async (door: 'serve' | 'tailnet', fields: Fields): Promise<string> => {
  const caller = door === 'serve' ? 'unknown' : 'trusted proxy';
  return (await doors[door].send(caller, { path: home, fields })).body;
};

describe('T44 misses cost nobody else anything', () => {
  it('fifty requests at once of a device that was removed, behind serve: two short questions', async () => {
    const before = asked();
    const bodies = await each(() => through('serve', []));
    for (const body of bodies) expect(body).toContain(nobody);
    expect(asked() - before).toBe(2);
    // remembered
    expect(await through('serve', [])).toContain(nobody);
    expect(asked() - before).toBe(2);
    expect(world.simulator.vainLookups).toBe(0);
  });

  it('the same by the header of a trusted proxy', async () => {
    world.simulator.removeNode('bob');
    const bodies = await each(() => through('tailnet', [['X-Forwarded-For', gone]]));
    for (const body of bodies) expect(body).toContain(nobody);
    // the proxy's own connections come from loopback in this test, and are known
    expect(world.simulator.vainLookups).toBe(0);
  });

  it('an address of outside the tailnet costs none, either', async () => {
    for (const ip of ['203.0.113.9', '10.0.0.1', '2001:db8::9', '127.0.0.1', '::1']) {
      await through('tailnet', [['X-Forwarded-For', ip]]);
      const socket = await dial({ path: `${world.stateDirectory}/serve/serve.sock` });
      const fields: Fields = [
        ['Host', 'localhost'],
        ['X-Forwarded-For', ip],
        ['X-Forwarded-Host', new URL(world.issuer).host],
      ];
      await send(socket, { path: home, fields });
    }
    expect(world.simulator.vainLookups).toBe(0);
  });

  it('where tailscaled has a TUN device nobody is asked about on loopback', async () => {
    world.simulator.setStatus({ tun: true });
    // the daemon has heard of it once it asks nothing of a loopback connection
    for (;;) {
      const before = asked();
      await doors.userspace.send('local process', { path: home, fields: [] });
      if (asked() === before) break;
    }
    world.simulator.vainLookups = 0;
    const before = asked();
    await Promise.all(
      (['userspace', 'tailnet'] as const).flatMap((door) =>
        Array.from({ length: 10 }, () =>
          doors[door].send('local process', { path: home, fields: [] }),
        ),
      ),
    );
    expect(asked()).toBe(before);
    expect(world.simulator.vainLookups).toBe(0);
  });

  it('a connection that ended before its turn came is not asked about', async () => {
    const { simulator } = world;
    const sockets = await Promise.all(
      Array.from({ length: 10 }, () => dialledFor(world, 'local process')),
    );
    const host = new URL(world.issuer).host;
    const sent = sockets.map((socket) => send(socket, { path: home, fields: [['Host', host]] }));
    // the first one's question stands, and the others wait for it
    await new Promise((resolve) => simulator.once('request', resolve));
    for (const socket of sockets) socket.resetAndDestroy();
    await Promise.allSettled(sent);
    const socket = await dialledFor(world, 'member');
    const { body } = await send(socket, { path: home, fields: [['Host', host]] });
    expect(body).toContain('alice@example.com');
    expect(simulator.vainLookups).toBeLessThan(4);
  });

  it('a device that is there again is no stranger any more', async () => {
    const ask = () => through('serve', []);
    expect(await ask()).toContain(nobody);
    const begun = asked();
    expect(await ask()).toContain(nobody);
    expect(asked()).toBe(begun);
    world.simulator.addNode('new', { user: 'bob@example.com', addresses: ['100.64.0.9'] });
    // heard of by the bus, long before the miss would be forgotten
    let body = await ask();
    while (body.includes(nobody)) body = await ask();
    expect(body).toContain('bob@example.com');
  });
});

it('T44 fifty refreshes of one removed device', async () => {
  await using demo = await startWorld();
  demo.simulator.missMs = realMissMs;
  const tokens = await login(demo.browser('127.0.0.2'), demo.issuer, 'grafana');
  demo.simulator.removeNode('bob');
  const { accessToken, refreshToken } = tokens;
  const answers = await each(() => userinfo(demo.issuer, accessToken));
  for (const answer of answers) expect(answer.status).toBe(401);
  expect(failure(await refresh(demo.issuer, refreshToken, 'grafana'))).toBe('400 invalid_grant');
  expect(demo.simulator.vainLookups).toBe(0);
});
