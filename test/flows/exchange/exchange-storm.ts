import { decodeJwt } from 'jose';
import { expect } from 'vitest';
import { type Allowance, allowInPolicy } from '../../world/allow.ts';
import { json } from '../../world/login.ts';
import type { World } from '../../world/world.ts';
import {
  exchange,
  isActiveFor,
  loginAt,
  look,
  mcp,
  notes,
  relay,
  revoke,
  rules,
  type SenderName,
  worker,
} from './exchange-world.ts';

/**
 * Random logins, exchanges, revocations, retaggings and removals of grants against the real daemon, beside a model of
 * which token must be dead. Bounded, and the same at each run.
 */

/** What the test knows of a token that was issued. */
interface Known {
  readonly token: string;
  readonly owner: SenderName;
  readonly parent: Known | undefined;
  readonly scopes: ReadonlySet<string>;
  readonly expiresAt: number;
  readonly actors: readonly string[];
  /** Of those, who had other tags than usual when they joined: with the usual ones they are somebody else. */
  readonly retagged: ReadonlySet<string>;
  readonly audience: readonly string[];
  revoked: boolean;
  /** It was seen to be dead: then it stays so, whatever comes back. `maybe`: whoever was refused may not have been. */
  ended: boolean | 'maybe';
}

/** mulberry32: small, and the same everywhere. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const nodes = ['ci', 'second'] as const;
const exchangers: readonly SenderName[] = ['ci', 'second', 'grafana', 'mcp-server', 'post'];
const servers: Readonly<Record<string, SenderName>> = {
  [worker]: 'ci',
  [relay]: 'second',
  [mcp]: 'mcp-server',
};
const grantNames = ['alice', 'ci', 'second'] as const;

export class Storm {
  readonly tokens: Known[] = [];
  readonly removed = new Set<(typeof grantNames)[number]>();
  readonly retagged = new Set<string>();
  issued = 0;
  refused = 0;
  readonly #world: World;
  readonly #random: (below: number) => number;

  constructor(world: World, seed: number) {
    this.#world = world;
    this.#random = randomFrom(seed);
  }

  async step(): Promise<void> {
    const isBroken = this.removed.size + this.retagged.size > 0;
    if (isBroken && this.#random(4) === 0) return this.#mend();
    const dice = this.#random(100);
    if (dice < 12 || this.tokens.length === 0) return this.#login();
    if (dice < 72) return this.#exchange();
    if (dice < 78) return this.#revoke();
    if (dice < 89) return this.#retag();
    return this.#changeGrants();
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#random(list.length)] as T;
  }

  async #login(): Promise<void> {
    if (this.removed.has('alice')) return;
    const resource = this.#pick([worker, relay, mcp]);
    const scope = this.#pick(['read_file', 'read_file run_code']);
    const { accessToken: token } = await loginAt(this.#world, resource, scope);
    const { exp = 0 } = decodeJwt(token);
    this.tokens.push({
      token,
      owner: 'grafana',
      parent: undefined,
      scopes: new Set(scope.split(' ')),
      expiresAt: exp,
      actors: [],
      retagged: new Set(),
      audience: [resource],
      revoked: false,
      ended: false,
    });
  }

  async #exchange(): Promise<void> {
    const parent = this.#pick(this.tokens.slice(-12));
    // mostly who may; anybody now and then
    const by =
      this.#random(4) === 0 ? this.#pick(exchangers) : servers[this.#pick(parent.audience)];
    if (by === undefined) return;
    const targets =
      this.#random(4) === 0 ? [mcp, relay] : [this.#pick([mcp, relay, notes, worker])];
    const scope = this.#pick([undefined, 'read_file', 'run_code', 'read_file run_code notes']);
    const form = { resource: targets, ...(scope === undefined ? {} : { scope }) };
    const mustFail = this.#isDead(parent);
    const answer = await exchange(this.#world, parent.token, form, by);
    const body = json(answer);
    expect(answer.status).toBeOneOf([200, 400]);
    if (answer.status !== 200) {
      this.refused += 1;
      if (mustFail) parent.ended ||= 'maybe';
      expect(['invalid_request', 'invalid_target', 'invalid_scope']).toContain(body['error']);
      return;
    }
    expect(mustFail).toBe(false);
    this.issued += 1;
    await this.#take(parent, by, targets, String(body['access_token']));
  }

  /** Nothing is wider than what it came from, and everybody who acted stands in it. */
  async #take(
    parent: Known,
    by: SenderName,
    targets: readonly string[],
    token: string,
  ): Promise<void> {
    const claims = await look(this.#world, token, by);
    expect(claims['active']).toBe(true);
    const scopes = new Set(
      String(claims['scope'] ?? '')
        .split(' ')
        .filter(Boolean),
    );
    expect([...scopes.difference(parent.scopes)]).toEqual([]);
    expect(claims['exp']).toBeLessThanOrEqual(parent.expiresAt);
    expect([claims['aud']].flat()).toEqual([...targets]);
    const actors = actorsIn(claims);
    const isMachine = by === 'ci' || by === 'second';
    expect(actors).toEqual(isMachine ? [by, ...parent.actors] : parent.actors);
    this.tokens.push({
      token,
      owner: by,
      parent,
      scopes,
      expiresAt: Number(claims['exp']),
      actors,
      retagged: new Set([...parent.retagged, ...(this.retagged.has(by) ? [by] : [])]),
      audience: targets,
      revoked: false,
      ended: false,
    });
  }

  async #revoke(): Promise<void> {
    const one = this.#pick(this.tokens);
    const isOwner = this.#random(3) > 0;
    await revoke(this.#world, one.token, isOwner ? one.owner : 'post');
    if (isOwner) one.revoked = true;
  }

  async #retag(): Promise<void> {
    const name = this.#pick(nodes);
    const usual = name === 'ci' ? 'tag:ci' : 'tag:work';
    const isBack = this.retagged.delete(name);
    if (!isBack) this.retagged.add(name);
    this.#world.simulator.setNode(name, { tags: isBack ? [usual] : [usual, 'tag:other'] });
  }

  /** All as it was: what nobody asked about meanwhile works again, what was revoked or refused does not. */
  async #mend(): Promise<void> {
    this.removed.clear();
    this.retagged.clear();
    this.#world.simulator.setNode('ci', { tags: ['tag:ci'] });
    this.#world.simulator.setNode('second', { tags: ['tag:work'] });
    this.#applyGrants();
  }

  async #changeGrants(): Promise<void> {
    const name = this.#pick(grantNames);
    if (!this.removed.delete(name)) this.removed.add(name);
    this.#applyGrants();
  }

  #applyGrants(): void {
    const left = Object.entries(rules).filter(([key]) => !this.removed.has(key as 'ci'));
    allowInPolicy(this.#world.simulator, left.map(([, rule]) => rule) as Allowance[]);
  }

  /** Must it be inactive? Itself or what it came from was revoked, or lost an actor or a grant. */
  #isDead(one: Known): boolean {
    return (
      one.revoked ||
      one.ended === true ||
      this.removed.has('alice') ||
      one.actors.some(
        (name) =>
          this.retagged.has(name) !== one.retagged.has(name) || this.removed.has(name as 'ci'),
      ) ||
      (one.parent !== undefined && this.#isDead(one.parent))
    );
  }

  /** Only asking tells whether what it hangs on was refused for what it had lost, or for who presented it. */
  #isUnsure(one: Known): boolean {
    if (one.ended === 'maybe') return true;
    return one.parent !== undefined && this.#isUnsure(one.parent);
  }

  /** Dead is dead at introspection, and what nothing happened to lives. */
  async check(): Promise<void> {
    for (const one of this.tokens.slice(-40)) {
      // an owner that is another machine now is no client any more
      if (this.retagged.has(one.owner)) continue;
      const active = await isActiveFor(this.#world, one.token, one.owner);
      const mayLive = !this.#isDead(one);
      const isUnsure = mayLive && !active && this.#isUnsure(one);
      if (!isUnsure) {
        expect(active, `${one.owner} ${one.audience} ${one.actors}`).toBe(mayLive);
      }
      one.ended = !active;
    }
  }
}

function actorsIn(claims: Readonly<Record<string, unknown>>): string[] {
  const names: string[] = [];
  let act = claims['act'] as { node?: string; act?: never } | undefined;
  while (act) {
    names.push(String(act.node).split('.')[0] ?? '');
    act = act.act;
  }
  return names;
}
