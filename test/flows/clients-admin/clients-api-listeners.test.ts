import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allowInPolicy } from '../../world/allow.ts';
import { type Caller, type DoorName, doorsOf } from '../../world/callers.ts';
import { callers } from '../listeners/listener-table.ts';
import { type Everywhere, listenEverywhere } from '../listeners/listener-world.ts';

let world: Everywhere;
let doors: ReturnType<typeof doorsOf>;
beforeAll(async () => {
  world = await listenEverywhere();
  doors = doorsOf(world);
});
afterAll(() => world[Symbol.asyncDispose]());

/** Who may see the clients where the policy lets everybody; the same callers as in the listeners' own table. */
const allowed = (door: DoorName, caller: Caller): number => {
  if (door === 'admin') return 200;
  const known = callers[door][caller];
  if (known === 404) return 404;
  return known === 'userid:1' || known === 'machine' ? 200 : 403;
};

const cells = (Object.keys(callers) as DoorName[]).flatMap((door) =>
  (Object.keys(callers[door]) as Caller[])
    .filter((caller) => callers[door][caller] !== undefined)
    .map((caller) => ({ door, caller, open: allowed(door, caller) })),
);

const statusOf = async (door: DoorName, caller: Caller): Promise<number> =>
  (await doors[door].send(caller, { path: '/clients/', fields: [] })).status;

describe('T25 T35 clients at every listener', () => {
  it.each(cells)('$door: $caller gets $open where the policy lets everybody', async (cell) => {
    allowInPolicy(world.simulator, [{ src: ['*'], allow_admin_ui: true }]);
    await expect.poll(() => statusOf(cell.door, cell.caller)).toBe(cell.open);
  });

  it.each(cells)('$door: $caller gets nothing where it lets nobody', async (cell) => {
    allowInPolicy(world.simulator, []);
    const none = cell.door === 'admin' ? 200 : cell.open === 404 ? 404 : 403;
    await expect.poll(() => statusOf(cell.door, cell.caller)).toBe(none);
  });
});
