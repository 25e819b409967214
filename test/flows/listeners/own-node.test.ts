import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capability } from '../../../src/policy/grant.ts';
import type { NodeInput } from '../../../src/simulator/tailnet.ts';
import { auditLog } from '../../world/audit-log.ts';
import { type DoorName, doorsOf } from '../../world/callers.ts';
import type { Fields } from '../../world/send.ts';
import { type Everywhere, listenEverywhere, tailnet } from './listener-world.ts';
import { outcomeOf } from './who.ts';

/** Listeners that know a peer, where a program on the daemon's own node comes as that node. */
const fronts: readonly DoorName[] = ['tailnet', 'serve', 'userspace'];

const worldOf = (idp: object, config: Record<string, unknown>) =>
  listenEverywhere(config, {
    tailnet: {
      ...tailnet,
      nodes: { ...tailnet.nodes, idp: { ...tailnet.nodes['idp'], ...idp } as NodeInput },
    },
    // the node itself, as if it were a proxy
    trustedProxies: ['nIdpCNTRL'],
  });

const ownedByAlice = { stableId: 'nIdpCNTRL', tags: [], user: 'alice@example.com' };

describe.each([
  ['a person', ownedByAlice, 'userid:1'],
  ['a machine', { stableId: 'nIdpCNTRL' }, 'machine'],
] as const)('T35 allowSelf, where the node is %s', (_, idp, expected) => {
  let world: Everywhere;
  let doors: ReturnType<typeof doorsOf>;
  beforeAll(async () => {
    world = await worldOf(idp, { allowSelf: true });
    doors = doorsOf(world);
    const app = { [capability]: [{ allow_admin_ui: true }] };
    world.simulator.setPolicy({ grants: [{ src: ['*'], dst: ['*'], app }] });
  });
  afterAll(() => world[Symbol.asyncDispose]());
  const who = (door: DoorName, caller: 'self' | 'local process', fields: Fields = []) =>
    outcomeOf({ doors, issuer: world.issuer, door, caller, fields });

  it('says so at the start', () => {
    expect(world.warnings).toEqual(
      expect.arrayContaining([expect.stringMatching(/^allowSelf: every program and container/u)]),
    );
  });

  it.each(fronts)('a program on it is the node: %s', async (door) => {
    expect(await who(door, 'self')).toBe(expected);
  });

  it.each(fronts)('but a connection that is nobody’s stays so: %s', async (door) => {
    expect(await who(door, 'local process')).toBe('unknown');
  });

  it('and never speaks for others, even named as a trusted proxy', async () => {
    expect(await who('tailnet', 'self', [['X-Forwarded-For', '100.64.0.3']])).toBe('proxied');
    expect(await who('tailnet', 'self', [['Tailscale-User-Login', 'bob@example.com']])).toBe(
      expected,
    );
  });

  it.each(
    fronts.flatMap((door) =>
      ['/clients/', '/new', '/edit/grafana'].map((path) => [door, path] as const),
    ),
  )('never administers: %s %s', async (door, path) => {
    await expect
      .poll(async () => (await doors[door].send('member', { path, fields: [] })).status)
      .toBe(200);
    const answer = await doors[door].send('self', { path, fields: [] });
    expect(answer.status).toBe(403);
    expect(answer.body).toContain('rograms on the machine that runs this login server');
    expect(auditLog(dirname(world.stateDirectory)).at(-1)).toMatchObject({
      event: 'denial',
      reason: expect.stringMatching(/may not administer it/u),
    });
    const home = await doors[door].send('self', { path: '/', fields: [] });
    expect(home.body).not.toContain('/edit/');
  });
});

describe('T35 without allowSelf', () => {
  let world: Everywhere;
  beforeAll(async () => {
    world = await worldOf(ownedByAlice, {});
  });
  afterAll(() => world[Symbol.asyncDispose]());

  it.each(fronts)('a program on the node is nobody, whoever owns it: %s', async (door) => {
    const doors = doorsOf(world);
    const asked = { doors, issuer: world.issuer, door, caller: 'self' } as const;
    expect(await outcomeOf({ ...asked, fields: [] })).toBe('self');
    const home = await doors[door].send('self', { path: '/', fields: [] });
    expect(home.body).toContain('where any program looks the same as you');
  });
});
