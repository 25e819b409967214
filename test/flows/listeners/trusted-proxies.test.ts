import { dirname } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { NodeInput } from '../../../src/simulator/tailnet.ts';
import { allowInPolicy } from '../../world/allow.ts';
import { auditLog } from '../../world/audit-log.ts';
import { type Caller, type Door, type DoorName, doorsOf } from '../../world/callers.ts';
import { attempt } from '../../world/login.ts';
import { dial, type Fields, send } from '../../world/send.ts';
import { until } from '../../world/until.ts';
import type { Outcome } from './listener-table.ts';
import { type Everywhere, listenEverywhere, tailnet, tailnetAddress } from './listener-world.ts';
import { outcomeOf, pathOf } from './who.ts';

const stableId = 'nMyProxyCNTRL';
const nodes = {
  ...tailnet.nodes,
  // trusted by its StableID, and a person's
  bob: { ...tailnet.nodes['bob'], stableId } as NodeInput,
};

let world: Everywhere;
let doors: ReturnType<typeof doorsOf>;
beforeAll(async () => {
  world = await listenEverywhere(
    {},
    { tailnet: { ...tailnet, nodes }, trustedProxies: ['tag:proxy', stableId, 'nObodyCNTRL'] },
  );
  doors = doorsOf(world);
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(() => {
  allowInPolicy(world.simulator, [{ src: ['alice@example.com'], allow_admin_ui: true }]);
});

const forwarded = (...values: string[]): Fields =>
  values.map((value) => ['X-Forwarded-For', value]);

const who = (fields: Fields, caller: Caller = 'trusted proxy', door: DoorName = 'tailnet') =>
  outcomeOf({ doors, issuer: world.issuer, door, caller, fields });

const alice = '100.64.0.3';

/** From bob's own device, which is named by its StableID. */
const throughBob = (fields: Fields): Promise<Outcome> => {
  const { host } = new URL(world.issuer);
  const place = { host: tailnetAddress, port: world.ports.tailnet, localAddress: '127.0.0.14' };
  const own: Door = {
    send: async (_, message) =>
      send(await dial(place), { ...message, fields: [['Host', host], ...message.fields] }),
  };
  const asked = { issuer: world.issuer, door: 'tailnet', caller: 'member', fields } as const;
  return outcomeOf({ ...asked, doors: { ...doors, tailnet: own } });
};

const audit = ({ stateDirectory }: Everywhere) => auditLog(dirname(stateDirectory));

describe('T34 a proxy that the operator trusts', () => {
  const cases: readonly (readonly [what: string, Fields, Outcome])[] = [
    ['a member', forwarded(alice), 'userid:1'],
    ['a member by IPv6', forwarded('fd7a:115c:a1e0::3'), 'userid:1'],
    ['a member by an IPv4-mapped address', forwarded('::ffff:100.64.0.3'), 'userid:1'],
    ['a machine', forwarded('100.64.0.5'), 'machine'],
    ['a foreign member', forwarded('100.64.0.7'), 'foreign'],
    ['a device that has expired', forwarded('100.64.0.6'), 'expired'],
    ['nobody', forwarded('100.64.0.9'), 'unknown'],
    ['our own node', forwarded('100.64.0.2'), 'self'],
    ['itself', forwarded('100.64.0.8'), 'proxied'],
    ['another proxy', forwarded('100.64.0.4'), 'proxied'],
    ['no one', [], 'proxied'],
    ['an empty name', forwarded(''), 'proxied'],
    ['one address after another', forwarded(`${alice}, 100.64.0.5`), 'proxied'],
    ['an address after what a client sent', forwarded(`203.0.113.7, ${alice}`), 'proxied'],
    ['the same address twice', forwarded(alice, alice), 'proxied'],
    ['two addresses in two fields', forwarded(alice, '100.64.0.5'), 'proxied'],
    ['an address with a port', forwarded(`${alice}:4711`), 'proxied'],
    ['an address with a zone', forwarded('fd7a:115c:a1e0::3%eth0'), 'proxied'],
    ['an address of its LAN', forwarded('192.168.1.5'), 'proxied'],
    ['an address of the internet', forwarded('203.0.113.7'), 'proxied'],
    ['loopback', forwarded('127.0.0.1'), 'proxied'],
    ['a name', forwarded('alice.tailnet.test'), 'proxied'],
    ['a word', forwarded('unknown'), 'proxied'],
  ];
  it.each(cases)('speaks for %s', async (_, fields, expected) => {
    expect(await who(fields)).toBe(expected);
  });

  const more: readonly (readonly [what: string, Fields, Outcome])[] = [
    [
      'what Traefik sends',
      [
        ['X-Forwarded-Host', 'idp.tailnet.test'],
        ['X-Forwarded-Port', '443'],
        ['X-Forwarded-Proto', 'https'],
        ['X-Forwarded-Server', 'proxy'],
        ['X-Real-Ip', alice],
      ],
      'userid:1',
    ],
    ['one Via', [['Via', '1.1 Caddy']], 'userid:1'],
    ['two Via in one field', [['Via', '1.1 other, 1.1 Caddy']], 'proxied'],
    [
      'two Via',
      [
        ['Via', '1.1 other'],
        ['Via', '1.1 Caddy'],
      ],
      'proxied',
    ],
    ['another X-Real-IP', [['X-Real-IP', '100.64.0.5']], 'proxied'],
    ['Forwarded', [['Forwarded', `for=${alice}`]], 'proxied'],
    ['X-Original-Forwarded-For', [['X-Original-Forwarded-For', '203.0.113.7']], 'proxied'],
    ['CF-Connecting-IP', [['CF-Connecting-IP', alice]], 'proxied'],
    ['X-Forwarded-Client-Cert', [['X-Forwarded-Client-Cert', 'Hash=1']], 'proxied'],
    ['identity headers', [['Tailscale-User-Login', 'bob@example.com']], 'userid:1'],
    ['a foreign Host', [['Host', 'evil.example']], 421],
  ];
  it.each(more)('is believed about a member beside: %s', async (_, fields, expected) => {
    expect(await who([...forwarded(alice), ...fields])).toBe(expected);
  });

  it('may be named by its StableID', async () => {
    expect(await throughBob(forwarded(alice))).toBe('userid:1');
    expect(await throughBob([])).toBe('proxied');
    expect(await throughBob(forwarded('100.64.0.8'))).toBe('proxied');
  });

  it.each<Caller>(['member', 'tagged', 'foreign', 'expired', 'unknown', 'self', 'local process'])(
    'is nobody else: %s',
    async (caller) => {
      expect(await who(forwarded(alice), caller)).toBe('proxied');
    },
  );

  it('is one on its own listener only', async () => {
    expect(await who(forwarded(alice), 'trusted proxy', 'userspace')).toBe('proxied');
    // tailscaled writes its own
    expect(await who(forwarded(alice), 'trusted proxy', 'serve')).toBe('machine');
    expect(await who(forwarded(alice), 'trusted proxy', 'backchannel')).toBe(404);
  });

  it('is asked about at each request: without the tag, or as another node, it is none', async () => {
    world.simulator.setNode('proxy', { tags: ['tag:ci'] });
    await expect.poll(() => who(forwarded(alice))).toBe('proxied');
    expect(await who([])).toBe('machine');
    world.simulator.setNode('proxy', { tags: ['tag:proxy'] });
    await expect.poll(() => who(forwarded(alice))).toBe('userid:1');

    // its address goes to another device
    world.simulator.setNode('bob', { stableId: 'nAnotherCNTRL' });
    await expect.poll(() => throughBob(forwarded(alice))).toBe('proxied');
    expect(await throughBob([])).toBe('userid:2');
    world.simulator.setNode('bob', { stableId });
    await expect.poll(() => throughBob(forwarded(alice))).toBe('userid:1');

    world.simulator.setNode('proxy', { expired: true });
    await expect.poll(() => who(forwarded(alice))).toBe('proxied');
    world.simulator.setNode('proxy', { expired: false });
    await expect.poll(() => who(forwarded(alice))).toBe('userid:1');
  });

  it('cannot be asked about: that is our trouble, and no denial', async () => {
    const path = pathOf(attempt(world.issuer, 'grafana').url);
    world.simulator.fault('error500', '/localapi/v0/whois');
    try {
      const message = { path, fields: forwarded(alice) };
      await expect
        .poll(async () => (await doors.tailnet.send('trusted proxy', message)).status)
        .toBe(503);
    } finally {
      world.simulator.fault('none');
    }
    await expect.poll(() => who(forwarded(alice))).toBe('userid:1');
  });

  it('stands in the audit record of the login', async () => {
    await who(forwarded(alice));
    const [login] = audit(world)
      .filter(({ event }) => event === 'login')
      .slice(-1);
    expect(login).toMatchObject({
      subject: 'userid:1',
      detail: { proxy: expect.stringMatching(/^n\w+CNTRL$/u) },
    });
    await who([], 'member');
    const [direct] = audit(world)
      .filter(({ event }) => event === 'login')
      .slice(-1);
    expect(direct?.detail).not.toHaveProperty('proxy');
  });

  it('counts failures of its clients one by one', async () => {
    const guess = (address: string) =>
      doors.tailnet.send('trusted proxy', {
        path: '/token',
        fields: [['X-Forwarded-For', address]],
        form: {
          grant_type: 'refresh_token',
          refresh_token: 'x',
          client_id: 'grafana',
          client_secret: 'wrong',
        },
      });
    const statuses: number[] = [];
    for (let count = 0; count < 25; count += 1) statuses.push((await guess(alice)).status);
    expect([statuses[0], statuses.at(-1)]).toEqual([401, 429]);
    expect((await guess('100.64.0.5')).status).toBe(401);
  });
});

it('T34 is no machine that authenticates: a connection is a credential of its own device only', async () => {
  const form = { grant_type: 'client_credentials' };
  const asked = (caller: Caller, fields: Fields) =>
    doors.tailnet.send(caller, { path: '/token', fields, form });
  const through = await asked('trusted proxy', forwarded('100.64.0.5'));
  expect(through.status).toBe(401);
  expect(through.body).toContain('this came through a reverse proxy');
  // the machine itself is known, whatever it may have
  expect((await asked('tagged', [])).body).not.toMatch(/reverse proxy|invalid_client/u);
});

describe('T25 T34 administering through a proxy', () => {
  it.each([
    ['/clients/', 'GET'],
    ['/new', 'GET'],
    ['/edit/grafana', 'POST'],
  ])('is refused to everybody: %s', async (path, method) => {
    const sent = { path, method, fields: forwarded(alice) };
    const own = { path, method, fields: [] };
    await until('the rule holds', async () => {
      return (await doors.tailnet.send('member', own)).status !== 403;
    });
    const answer = await doors.tailnet.send('trusted proxy', sent);
    expect(answer.status).toBe(403);
    expect(answer.body).toContain('obody administers this server through a reverse proxy');
    expect(audit(world).at(-1)).toMatchObject({ event: 'denial', subject: 'userid:1' });
  });

  it('shows nobody the list of apps', async () => {
    const home = { path: '/', fields: forwarded(alice) };
    const behind = await doors.tailnet.send('trusted proxy', home);
    const own = await doors.tailnet.send('member', { path: '/', fields: [] });
    expect(behind.body).toContain('alice@example.com');
    expect(behind.body).not.toContain('/edit/');
    expect(own.body).toContain('/edit/grafana');
  });
});
