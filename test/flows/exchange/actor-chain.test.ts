import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Actor, extendChain, mayAct } from '../../../src/flows/exchange/actor-chain.ts';
import { decideExchange } from '../../../src/flows/exchange/exchange-decision.ts';
import type { Identity } from '../../../src/identity/identity.ts';
import { subjectOf } from '../../../src/identity/subject.ts';
import { capability, rulesOf } from '../../../src/policy/grant.ts';
import { type Act, actorsOf } from '../../../src/protocol/actor-chain.ts';

const node = (stableId: string) => ({
  stableId,
  name: `${stableId}.tailnet.test.`,
  addresses: ['100.64.0.9'],
});
const machine = (id: string, tags: readonly string[]) =>
  ({
    kind: 'machine',
    tailnet: 'tailnet.test',
    stableId: id,
    tags,
    node: node(id),
  }) as unknown as Identity;
const person = (id: number) =>
  ({
    kind: 'user',
    tailnet: 'tailnet.test',
    userId: String(id),
    login: `p${id}@example.com`,
    displayName: '',
    node: node(`n${id}laptop`),
  }) as unknown as Identity;

const tag = fc.constantFrom('tag:a', 'tag:b', 'tag:c');
const identity = fc.oneof(
  fc.integer({ min: 1, max: 4 }).map(person),
  fc
    .tuple(fc.integer({ min: 1, max: 6 }), fc.uniqueArray(tag, { minLength: 1 }))
    .map(([id, tags]) => machine(`nNode${id}`, tags)),
);
const actor = fc.record({
  identity,
  clientId: fc.constantFrom('grafana', 'node-nNode1', 'by-tag'),
}) as fc.Arbitrary<Actor>;
const maybe = fc.option(actor, { nil: undefined });

interface Line {
  readonly subject: string;
  readonly maxDepth: number;
  readonly act: Act | undefined;
  readonly expected: readonly string[];
}

/** One more exchange: everybody who acted stands in the chain still, or there is a reason. */
function joined(line: Line, one: Actor | undefined): Line {
  const { subject, expected } = line;
  const next = extendChain(line.act, one, line);
  const sub = one && subjectOf(one.identity);
  if ('problem' in next) {
    const reasons = {
      itself: sub === subject,
      loop: expected.includes(String(sub)),
      depth: expected.length === line.maxDepth,
    };
    expect(reasons[next.problem]).toBe(true);
    return line;
  }
  const all = sub === undefined ? expected : [sub, ...expected];
  expect(actorsOf(next.act)).toEqual(all);
  return { ...line, act: next.act, expected: all };
}

describe('a chain of actors', () => {
  test('T05 no sequence of exchanges loses an actor, names one twice, or grows beyond its limit', () => {
    fc.assert(
      fc.property(identity, fc.array(maybe, { maxLength: 40 }), fc.nat(20), (who, actors, max) => {
        const line: Line = { subject: subjectOf(who), maxDepth: max, act: undefined, expected: [] };
        const { expected, subject } = actors.reduce(joined, line);
        expect(expected.length).toBeLessThanOrEqual(max);
        expect(new Set(expected).size).toBe(expected.length);
        expect(expected).not.toContain(subject);
      }),
    );
  });

  test('may_act lets in nobody whom one of its members does not name, and never nobody', () => {
    const allowed = fc.record(
      {
        sub: identity.map(subjectOf),
        tags: fc.uniqueArray(tag),
        client_id: fc.constantFrom('grafana', 'by-tag'),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(allowed, maybe, (limits, one) => {
        if (!mayAct(limits, one)) return;
        expect(Object.keys(limits)).not.toHaveLength(0);
        expect(one).toBeDefined();
        const { identity: who, clientId } = one as Actor;
        if (limits.sub) expect(subjectOf(who)).toBe(limits.sub);
        if (limits.client_id) expect(clientId).toBe(limits.client_id);
        if (limits.tags) expect(who.kind).toBe('machine');
      }),
    );
    expect(mayAct({}, { identity: person(1), clientId: 'x' })).toBe(false);
    expect(mayAct(undefined, undefined)).toBe(true);
  });
});

describe('an exchange', () => {
  const uri = fc.constantFrom('https://a', 'https://b', 'https://c/');
  const rule = fc.record(
    {
      users: fc.array(fc.constantFrom('*', 'p1@example.com', 'tag:a'), { maxLength: 2 }),
      may_act_for: fc.array(fc.constantFrom('*', 'p1@example.com', 'tag:a'), { minLength: 1 }),
      resources: fc.array(fc.oneof(uri, fc.constant('*')), { maxLength: 2 }),
    },
    { requiredKeys: [] },
  );
  const rules = fc.array(rule, { maxLength: 4 }).map((list) => rulesOf({ [capability]: list }));
  const question = fc.record({
    subject: fc.record({ identity, rules }),
    acting: fc.option(
      fc.record({ actor, rules }).map(({ actor: one, rules: own }) => ({
        actor: one,
        party: { identity: one.identity, rules: own },
      })),
      { nil: undefined },
    ),
    current: fc.option(fc.record({ identity, rules }), { nil: undefined }),
    targets: fc.uniqueArray(uri, { maxLength: 3 }),
    mayAct: fc.constant(undefined),
    act: fc.constant(undefined),
    maxDepth: fc.constant(5),
  });

  test('T05 what is allowed for several resources is allowed for each; without rules nothing is', () => {
    fc.assert(
      fc.property(question, (asked) => {
        const decision = decideExchange(asked);
        if (decision.allowed) {
          for (const target of asked.targets) {
            expect(decideExchange({ ...asked, targets: [target] }).allowed).toBe(true);
          }
          expect(asked.targets.length).toBeGreaterThan(0);
        }
        const none = rulesOf({});
        const subject = { ...asked.subject, rules: none };
        expect(decideExchange({ ...asked, subject }).allowed).toBe(false);
      }),
    );
  });

  test('T05 an actor never makes more allowed than the subject alone, nor does who acted before', () => {
    fc.assert(
      fc.property(question, (asked) => {
        const alone = decideExchange({ ...asked, acting: undefined, current: undefined });
        const acted = decideExchange({ ...asked, acting: undefined });
        if (decideExchange(asked).allowed) expect(alone.allowed).toBe(true);
        if (acted.allowed) expect(alone.allowed).toBe(true);
      }),
    );
  });

  test('a limit of the token or of its client only takes away', () => {
    const limit = fc.option(fc.record({ tags: fc.uniqueArray(tag) }), { nil: undefined });
    fc.assert(
      fc.property(question, limit, limit, (asked, inToken, ofClient) => {
        const limited = decideExchange({ ...asked, mayAct: inToken, clientMayAct: ofClient });
        if (limited.allowed) expect(decideExchange(asked).allowed).toBe(true);
      }),
    );
  });
});
