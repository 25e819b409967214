import { describe, expect, test } from 'vitest';
import { decideEnter, type EnterQuestion } from '../../src/policy/decide.ts';
import { formatTrace } from '../../src/policy/trace.ts';
import { lines, machine, rules, user } from './sample.ts';

function enter(changes: Partial<EnterQuestion>) {
  return decideEnter({
    identity: user(),
    rules: rules(),
    clientId: 'grafana',
    clientName: 'Grafana at home',
    access: 'granted',
    ...changes,
  });
}

describe('who may enter', () => {
  test.each<[string, unknown[], boolean]>([
    ['no rule', [], false],
    ['the ID', [{ clients: ['grafana'] }], true],
    ['the name', [{ clients: ['Grafana at home'] }], true],
    ['everything', [{ clients: ['*'] }], true],
    ['another one', [{ clients: ['wiki'] }], false],
    ['nothing', [{ clients: [] }], false],
    ['in another case', [{ clients: ['Grafana'] }], false],
    ['a beginning', [{ clients: ['graf*'] }], false],
    ['a second rule', [{ clients: ['wiki'] }, { clients: ['grafana'] }], true],
    ['other fields', [{ allow_admin_ui: true, groups: ['grafana'] }], false],
    ['a malformed one', [{ clients: ['grafana'], groups: 'x' }], false],
    ['a rule for machines', [{ machine_login: true }], false],
  ])('granted, clients names %s: %s', (_name, values, allowed) => {
    expect(enter({ rules: rules(...values) }).allowed).toBe(allowed);
    expect(enter({ rules: rules(...values), access: 'open' }).allowed).toBe(true);
  });

  test('a client that registered itself is not known by the name it took', () => {
    const stranger = { clientId: 'dcr-1', clientName: 'Grafana at home', clientNameTrusted: false };
    const byName = enter({ ...stranger, rules: rules({ clients: ['Grafana at home'] }) });
    expect(byName).toMatchObject({
      allowed: false,
      reason: 'no grant of the tailnet policy lets you enter dcr-1',
    });
    expect(enter({ ...stranger, rules: rules({ clients: ['dcr-1'] }) }).allowed).toBe(true);
    expect(enter({ ...stranger, rules: rules({ clients: ['*'] }) }).allowed).toBe(true);
  });
});

describe('machines', () => {
  const anywhere = { machine_login: true };
  const here = { machine_login: true, clients: ['grafana'] };
  const elsewhere = { machine_login: true, clients: ['wiki'] };
  test.each<[string, unknown[], boolean, boolean]>([
    // allowed where access is open, and where it is granted
    ['nothing', [], false, false],
    ['clients alone', [{ clients: ['*'] }], false, false],
    ['login', [anywhere], true, false],
    ['no login', [{ machine_login: false, clients: ['*'] }], false, false],
    ['login and clients in one', [here], true, true],
    ['login and clients in two', [anywhere, { clients: ['*'] }], true, true],
    ['login elsewhere', [elsewhere], false, false],
    ['login elsewhere, and clients', [elsewhere, { clients: ['grafana'] }], false, false],
    ['login nowhere', [{ machine_login: true, clients: [] }], false, false],
    ['login elsewhere and here', [elsewhere, here], true, true],
  ])('%s: open %s, granted %s', (_name, values, open, granted) => {
    const question = { identity: machine(), rules: rules(...values) };
    expect(enter({ ...question, access: 'open' }).allowed).toBe(open);
    expect(enter({ ...question, access: 'granted' }).allowed).toBe(granted);
  });
});

describe('requirements of the client', () => {
  const linux = machine().node;
  test.each<[string, Partial<EnterQuestion>, boolean, unknown]>([
    // the last column: the remedy; undefined where no grant helps
    ['none', { requires: {} }, true, undefined],
    ['a group, without', { requires: { groups: ['ops'] } }, false, ['ops']],
    [
      'a group, with',
      { requires: { groups: ['ops'] }, rules: rules({ groups: ['ops'] }) },
      true,
      undefined,
    ],
    [
      "a group of tsidp's extraClaims",
      { requires: { groups: ['ops'] }, rules: rules({ extraClaims: { groups: ['ops'] } }) },
      true,
      undefined,
    ],
    ['one of two groups, without', { requires: { groups: ['ops', 'dev'] } }, false, undefined],
    [
      'one of two groups, with',
      { requires: { groups: ['ops', 'dev'] }, rules: rules({ groups: ['dev'] }) },
      true,
      undefined,
    ],
    ['a tag, of a person', { requires: { tags: ['tag:ci'] } }, false, undefined],
    ['a system, another', { requires: { device: { os: ['linux'] } } }, false, undefined],
    ['a system, in other case', { requires: { device: { os: ['MacOS'] } } }, true, undefined],
    [
      'a system, unknown',
      {
        requires: { device: { os: ['linux'] } },
        identity: user({ node: { ...linux, os: undefined } }),
      },
      false,
      undefined,
    ],
    ['a key that expires', { requires: { device: { keyExpires: true } } }, true, undefined],
    [
      'a key that expires, but it never does',
      {
        requires: { device: { keyExpires: true } },
        identity: user({ node: { ...linux, keyExpires: false } }),
      },
      false,
      undefined,
    ],
    [
      'not shared in, foreign',
      { requires: { device: { sharedIn: false } }, identity: user({ foreign: true }) },
      false,
      undefined,
    ],
    ['not shared in, ours', { requires: { device: { sharedIn: false } } }, true, undefined],
    ['shared in, ours', { requires: { device: { sharedIn: true } } }, false, undefined],
    [
      'a group and a system',
      { requires: { groups: ['ops'], device: { os: ['linux'] } } },
      false,
      undefined,
    ],
  ])('%s', (_name, changes, allowed, remedyGroups) => {
    const decision = enter({ access: 'open', ...changes });
    expect(decision.allowed).toBe(allowed);
    const remedy = 'remedy' in decision ? decision.remedy : undefined;
    expect(remedy).toEqual(
      remedyGroups && { 'tailscale.com/cap/tsidp': [{ groups: remedyGroups }] },
    );
  });

  test('tags of a machine', () => {
    const question = { access: 'open', rules: rules({ machine_login: true }) } as const;
    const requires = { tags: ['tag:ci', 'tag:build'] };
    const build = machine(['tag:x', 'tag:build']);
    expect(enter({ ...question, requires, identity: build }).allowed).toBe(true);
    expect(enter({ ...question, requires, identity: machine(['tag:x']) }).allowed).toBe(false);
  });

  test('a capability counts with whatever values, and never without the map', () => {
    const requires = { capability: 'example.com/cap/wiki' };
    const decide = (capMap: EnterQuestion['capMap']) => enter({ access: 'open', requires, capMap });
    expect(decide({ 'example.com/cap/wiki': [] }).allowed).toBe(true);
    expect(decide({ 'example.com/cap/other': [] }).allowed).toBe(false);
    expect(decide(Object.create({ 'example.com/cap/wiki': [] })).allowed).toBe(false);
    expect(decide(null).allowed).toBe(false);
    expect(decide(undefined)).toMatchObject({
      allowed: false,
      remedy: { 'example.com/cap/wiki': [{}] },
    });
  });

  test('they stand beside access: the remedy mends everything at once', () => {
    const requires = { groups: ['ops'], capability: 'example.com/cap/wiki' };
    expect(enter({ identity: machine(), requires })).toMatchObject({
      allowed: false,
      reason: expect.stringContaining('this device is a machine (tag:ci)'),
      remedy: {
        'tailscale.com/cap/tsidp': [{ machine_login: true, clients: ['grafana'], groups: ['ops'] }],
        'example.com/cap/wiki': [{}],
      },
    });
  });
});

test('the trace says which rule, which field, with what outcome', () => {
  const decision = enter({
    rules: rules(
      { clients: ['wiki'] },
      7,
      { groups: ['ops'] },
      { clients: ['*'] },
      { clients: ['*'] },
    ),
    requires: { groups: ['ops'] },
  });
  expect(formatTrace(decision.trace)).toBe(
    [
      'rule 1: rule: ignored, malformed: must be an object',
      'rule 0: clients: names other apps',
      'rule 3: clients: allows this app',
      'requires.groups: is in a required group',
    ].join('\n'),
  );
});

test('a trace is bounded, and keeps what decided', () => {
  const many = rules(...Array(5000).fill({ clients: ['wiki'] }), ...Array(5000).fill(0));
  const { trace } = enter({ rules: many });
  expect(trace.length).toBeLessThan(250);
  expect(lines(trace).slice(19, 22)).toEqual([
    '5019 rule: ignored, malformed: must be an object',
    '- rule: 4980 more are ignored, malformed',
    '0 clients: names other apps',
  ]);
  expect(lines(trace).slice(-2)).toEqual([
    '- access: granted: no rule names this app',
    '- trace: 4800 more lines are left out',
  ]);
});
