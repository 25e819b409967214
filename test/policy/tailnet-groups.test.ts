import { describe, expect, test } from 'vitest';
import {
  type ClientClaims,
  clientClaimsSchema,
  groupsForClient,
} from '../../src/policy/client-claims.ts';
import { decideEnter } from '../../src/policy/decide.ts';
import { toldGroups } from '../../src/policy/tailnet-groups.ts';
import { lines, machine, rules, user } from './sample.ts';

const mine = ['group:admin', 'group:eng', 'group:sales@example.com', 'ops@example.com'];

describe('what an app is told of the groups of the tailnet', () => {
  /** With the groups that grants give, under the scope. */
  const told = (
    claims: object,
    ofTailnet: readonly string[] | undefined,
    granted: string[] = [],
  ) => {
    const parsed = clientClaimsSchema.parse(claims);
    const { groups } = toldGroups(ofTailnet, parsed);
    return groupsForClient(parsed, { granted, ofTailnet: groups }, 'openid groups');
  };

  test.each<[string, object, readonly string[] | undefined]>([
    ['as they are spelled', {}, mine],
    ['none', { tailnetGroups: [] }, undefined],
    ['one', { tailnetGroups: ['group:eng'] }, ['group:eng']],
    ['some', { tailnetGroups: ['group:e*', '*@example.com'] }, mine.slice(1)],
    [
      'the other spelling',
      { tailnetGroups: ['sales@example.com', 'group:ops@example.com'] },
      mine.slice(2),
    ],
    ['those that nobody is in', { tailnetGroups: ['group:other'] }, undefined],
    [
      'without the prefix',
      { stripGroupPrefix: true },
      ['admin', 'eng', 'sales@example.com', 'ops@example.com'],
    ],
    [
      'by other names, in either spelling',
      {
        groupNames: {
          'group:eng': 'Editors',
          'sales@example.com': 'Sales',
          'group:ops@example.com': 'Ops',
        },
      },
      ['group:admin', 'Editors', 'Sales', 'Ops'],
    ],
    [
      // a name for a grant's group must not begin to count for the tailnet's
      'a name for a group of grants',
      { groupNames: { eng: 'Editors' }, stripGroupPrefix: true },
      ['admin', 'eng', 'sales@example.com', 'ops@example.com'],
    ],
  ])('%s', (_, claims, expected) => {
    expect(told(claims, mine)).toEqual(expected);
  });

  test("a grant's group and one of the tailnet with the same name are two, unless the app wants one", () => {
    expect(told({}, ['group:admin'], ['admin'])).toEqual(['admin', 'group:admin']);
    expect(told({ stripGroupPrefix: true }, ['group:admin'], ['admin'])).toEqual(['admin']);
    expect(told({}, ['group:admin'], ['group:admin'])).toEqual(['group:admin']);
  });

  test('both spellings of one group at once are one', () => {
    expect(told({}, ['group:a@b.c', 'a@b.c'])).toEqual(['group:a@b.c']);
  });

  test('no claim where nothing is known, and never an empty one', () => {
    expect(told({}, undefined)).toBeUndefined();
    expect(told({ groups: 'always' }, undefined)).toBeUndefined();
    expect(told({}, undefined, ['dev'])).toEqual(['dev']);
    expect(told({ addGroups: ['viewer'] }, undefined)).toEqual(['viewer']);
  });

  test('claims that an older version stored know nothing of them: all, as they are spelled', () => {
    const stored: ClientClaims = { groups: 'scope', groupNames: {}, set: {} };
    const { groups } = toldGroups(['group:a'], stored);
    expect(groupsForClient(stored, { granted: [], ofTailnet: groups }, 'groups')).toEqual([
      'group:a',
    ]);
  });

  describe('T14 a person in very many', () => {
    const many = Array.from({ length: 2000 }, (_, index) => `group:team-${index}`);

    test.each<[string, readonly string[]]>([
      ['2000', many],
      ['201', many.slice(0, 201)],
      ['30 with long names', many.slice(0, 30).map((name) => name.padEnd(200, 'x'))],
    ])('%s: none rather than a part of them; those of grants stay', (_, groups) => {
      expect(toldGroups(groups, {})).toEqual({ groups: [], tooMany: groups.length });
      expect(told({}, groups, ['dev'])).toEqual(['dev']);
    });

    test('those that the app names stay', () => {
      expect(told({ tailnetGroups: ['group:team-7', 'group:team-19*0'] }, many)).toEqual([
        'group:team-7',
        'group:team-190',
        ...many.filter((name) => /^group:team-19\d0$/.test(name)),
      ]);
      expect(told({}, many.slice(0, 200))).toHaveLength(200);
    });
  });

  test.each([
    [{ tailnetGroups: ['eng'] }, /must be a group of the tailnet/],
    [{ tailnetGroups: ['group:a\n'] }, /must be a group of the tailnet/],
    [{ tailnetGroups: 'group:a' }, /must be a list/],
    [{ tailnetGroups: ['group:a', 'group:a'] }, /twice/],
    [{ stripGroupPrefix: 'yes' }, /must be true or false/],
    [{ stripPrefix: true }, /is no member here/],
  ])('the configuration refuses %j', (claims, message) => {
    const { error } = clientClaimsSchema.safeParse(claims);
    expect(error?.issues[0]?.message).toMatch(message);
  });
});

describe('requires.groups', () => {
  const ask = (identity: ReturnType<typeof user> | ReturnType<typeof machine>, wanted: string[]) =>
    decideEnter({
      identity,
      rules: rules({ groups: ['dev'], machine_login: true }),
      clientId: 'a',
      clientName: 'a',
      access: 'open',
      requires: { groups: wanted },
    });

  test.each<[string[], boolean]>([
    [['group:eng'], true],
    [['nobody', 'group:admin'], true],
    [['sales@example.com'], true],
    [['group:sales@example.com'], true],
    [['ops@example.com'], true],
    [['group:ops@example.com'], true],
    [['dev'], true],
    // a grant's group is another one
    [['eng'], false],
    [['group:dev'], false],
    [['group:sales'], false],
    [['Group:eng'], false],
    [['group:*'], false],
  ])('%j: %s', (wanted, allowed) => {
    expect(ask(user({ groups: mine }), wanted).allowed).toBe(allowed);
  });

  test('where this server is told of none, it says so, and nobody is taken to be in none', () => {
    const decision = ask(user(), ['group:eng']);
    expect(decision).toMatchObject({
      allowed: false,
      reason: expect.stringMatching(/cannot see which groups of the tailnet you are in/),
    });
    expect(lines(decision.trace).at(-1)).toMatch(/visible-groups/);
    expect(ask(user(), ['admins'])).toMatchObject({
      reason: expect.stringMatching(/in none of them/),
    });
    expect(ask(user({ groups: ['group:x'] }), ['group:eng'])).toMatchObject({
      reason: expect.stringMatching(/in none of them/),
    });
    expect(ask(machine(), ['group:eng'])).toMatchObject({
      reason: expect.stringMatching(/in none of them/),
    });
  });
});
