import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allowInPolicy } from '../../world/allow.ts';
import { type Caller, type DoorName, dialledFor, doorsOf, handedOn } from '../../world/callers.ts';
import { dial, type Fields, type Sent, send } from '../../world/send.ts';
import { until } from '../../world/until.ts';
import {
  callers,
  effects,
  type Forgery,
  forgeries,
  type Outcome,
} from '../listeners/listener-table.ts';
import { type Everywhere, listenEverywhere } from '../listeners/listener-world.ts';

/**
 * The same table as for people (`listeners.test.ts`): a connection authenticates a machine where the table says that
 * it is one, and nowhere else.
 */

const resource = 'https://api.test';
const form = { grant_type: 'client_credentials' };
const introspection = { token: 'x' };

let world: Everywhere;
let doors: ReturnType<typeof doorsOf>;
beforeAll(async () => {
  world = await listenEverywhere({ resources: [{ uri: resource }], whoisCacheSeconds: 0 });
  doors = doorsOf(world);
  allowInPolicy(world.simulator, [
    { src: ['*'], users: ['*'], resources: [resource], serves: [resource] },
  ]);
});
afterAll(() => world[Symbol.asyncDispose]());

/** Whom the connection authenticates. A proxy that the operator trusts speaks for people only (T34). */
function isMachine(door: DoorName, caller: Caller, forgery: Forgery | undefined): boolean {
  const plain: Outcome | undefined = callers[door][caller];
  if (plain !== 'machine') return false;
  if (forgery === undefined) return true;
  return forgery !== 'an origin' && effects[door][forgery] === 'same';
}

const cells = (Object.keys(callers) as DoorName[])
  .filter((door) => door !== 'admin')
  .flatMap((door) =>
    (Object.keys(callers[door]) as Caller[]).flatMap((caller) => {
      if (callers[door][caller] === undefined) return [];
      return [undefined, ...(Object.keys(forgeries) as Forgery[])].map((forgery) => ({
        door,
        caller,
        forgery,
        expected: isMachine(door, caller, forgery),
      }));
    }),
  );

const tokenOf = ({ body }: Sent) => /"access_token":"([^"]+)"/.exec(body)?.[1];
const subjectIn = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')).sub;

describe('T19 T21 T33 T34 T35 whom a connection authenticates, at every listener', () => {
  it.each(cells)('$door: $caller with $forgery: $expected', async (cell) => {
    const { door, caller, forgery, expected } = cell;
    const fields: Fields = forgery ? forgeries[forgery] : [];
    const answer = await doors[door].send(caller, { path: '/token', fields, form });
    expect(tokenOf(answer) !== undefined, answer.body).toBe(expected);
    const looked = await doors[door].send(caller, {
      path: '/introspect',
      fields,
      form: introspection,
    });
    expect(looked.body.includes('"active":false'), looked.body).toBe(expected);
    const revoked = await doors[door].send(caller, {
      path: '/revoke',
      fields,
      form: introspection,
    });
    expect(revoked.status === 200, revoked.body).toBe(expected);
  });

  it('has tried every listener, caller and forgery', () => {
    expect(cells.length).toBeGreaterThan(300);
    expect(cells.filter(({ expected }) => expected).length).toBeGreaterThan(20);
  });
});

describe('T21 one connection, several machines', () => {
  it('asks for each request anew behind tailscale serve, whose connections are shared', async () => {
    const { host } = new URL(world.issuer);
    const socket = await dial({ path: join(world.stateDirectory, 'serve', 'serve.sock') });
    const subjects: unknown[] = [];
    for (const caller of ['tagged', 'trusted proxy', 'tagged', 'member'] as const) {
      const fields = handedOn(caller, host, []);
      const answer = await send(socket, { path: '/token', fields, form }, true);
      const token = tokenOf(answer);
      subjects.push(token && subjectIn(token));
    }
    socket.destroy();
    expect(subjects[0]).toMatch(/^node:/);
    expect(subjects[1]).toMatch(/^node:/);
    expect(subjects[1]).not.toBe(subjects[0]);
    expect(subjects[2]).toBe(subjects[0]);
    expect(subjects[3]).toBeUndefined();
  });

  it('asks again at each request of a kept connection: a machine that lost its grant gets no more', async () => {
    const socket = await dialledFor(world, 'tagged');
    const { host } = new URL(world.issuer);
    const ask = () => send(socket, { path: '/token', fields: [['Host', host]], form }, true);
    expect(tokenOf(await ask())).toBeDefined();
    world.simulator.setNode('ci', { user: 'bob@example.com' });
    await until('the change counts', async () => tokenOf(await ask()) === undefined);
    world.simulator.setNode('ci', { tags: ['tag:ci'] });
    socket.destroy();
  });

  it('lends no machine to the next connection from the same port without TUN', async () => {
    const first = await dialledFor(world, 'tagged');
    const { host } = new URL(world.issuer);
    const message = { path: '/token', fields: [['Host', host]] as const, form };
    const { localPort = 0 } = first;
    expect(tokenOf(await send(first, message))).toBeDefined();
    await until('tailscaled forgot it', () => !world.simulator.state.dialled.has(localPort));
    const place = { host: '127.0.0.1', port: world.ports.userspace, localAddress: '127.0.0.1' };
    const next = await dial({ ...place, localPort } as never);
    expect(next.localPort).toBe(localPort);
    expect(tokenOf(await send(next, message))).toBeUndefined();
  });
});
