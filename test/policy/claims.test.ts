import { describe, expect, test } from 'vitest';
import { parseLossless } from '../../src/peer/lossless-json.ts';
import { accountNamesOf } from '../../src/policy/account-names.ts';
import {
  clientClaimsSchema,
  groupsForClient,
  mappedClaims,
} from '../../src/policy/client-claims.ts';
import { extraClaimsOf, protectedNames } from '../../src/policy/extra-claims.ts';
import { groupsOf } from '../../src/policy/groups.ts';
import { lines, machine, rules, user } from './sample.ts';

describe('extraClaims', () => {
  const merged = (...claims: unknown[]) =>
    extraClaimsOf(rules(...claims.map((extraClaims) => ({ extraClaims }))).rules).idToken;

  test.each<[string, unknown[], unknown]>([
    ['one list as it is', [['b', 'a', 'b']], ['b', 'a', 'b']],
    [
      'two lists',
      [
        ['b', 'a'],
        ['c', 'b'],
      ],
      ['b', 'a', 'c'],
    ],
    ['a list and a value', [['b'], 'a'], ['b', 'a']],
    ['lists in lists stay', [[['b']], [['b'], ['c']]], [['b'], ['c']]],
    ['objects', [[{ a: 1 }], [{ a: 1 }, { a: 2 }]], [{ a: 1 }, { a: 2 }]],
    ['equal values', ['a', 'a'], 'a'],
    ['different values: the first by its text', ['ops', 'dev'], 'dev'],
    ['null', [null], null],
  ])('%s', (_name, values, expected) => {
    expect(merged(...values.map((claim) => ({ claim })))).toEqual({ claim: expected });
  });

  test('numbers keep their digits', () => {
    const claims = merged(
      parseLossless('{"level":9007199254740993,"list":[18446744073709551615]}'),
    );
    expect(JSON.stringify(claims)).toBe('{"level":9007199254740993,"list":[18446744073709551615]}');
  });

  test('protected claims are left out and named', () => {
    const given = rules({ extraClaims: { sub: 'x', email: 'b@example.com', act: {}, team: 'a' } });
    expect(extraClaimsOf(given.rules).idToken).toEqual({ team: 'a' });
    expect(protectedNames(given.rules)).toEqual(['sub', 'email', 'act']);
  });

  test('groups of both fields, once each, in the order of the rules', () => {
    const given = rules(
      { groups: ['ops', 'dev'] },
      { groups: ['dev'], extraClaims: { groups: ['admins', 7] } },
      { extraClaims: { groups: 'qa' } },
      { groups: 'broken' },
    );
    expect(groupsOf(given.rules)).toEqual(['ops', 'dev', 'admins', 'qa']);
  });
});

describe('account: names of one person', () => {
  const smith = { login: 'alice@example.com', username: 'alice.smith', email: 'smith@example.org' };
  const names = (values: object[], identity: Parameters<typeof accountNamesOf>[0] = user()) => {
    const { trace: _trace, ...rest } = accountNamesOf(
      identity,
      rules(...values.map((account) => ({ account }))),
    );
    return rest;
  };
  const set = { username: smith.username, email: smith.email };

  test.each<[string, object[], object]>([
    ['nothing', [], {}],
    ['both', [smith], set],
    [
      'in two rules',
      [
        { ...smith, email: undefined },
        { ...smith, username: undefined },
      ],
      set,
    ],
    ['twice the same', [smith, smith], set],
    ['two usernames', [smith, { ...smith, username: 'a' }], { email: smith.email }],
    ['of somebody else', [{ ...smith, login: 'bob@example.com' }], {}],
    ['of a login that looks alike', [{ ...smith, login: 'Alice@example.com' }], {}],
    [
      'one username for two',
      [smith, { login: 'bob@example.com', username: 'Alice.Smith' }],
      { email: smith.email },
    ],
    [
      'one email for two',
      [smith, { login: 'bob@example.com', email: smith.email }],
      { username: smith.username },
    ],
    [
      'her usual username given to somebody else',
      [{ login: 'alice@github', username: 'alice' }],
      { username: 'alice@example.com' },
    ],
    [
      'another one, and the usual one given to somebody else',
      [smith, { login: 'alice@github', username: 'alice' }],
      set,
    ],
  ])('%s', (_name, values, expected) => {
    expect(names(values)).toEqual(expected);
    expect(names(values.toReversed())).toEqual(expected);
  });

  test('T20 T21 neither members of other tailnets nor machines are renamed', () => {
    expect(names([smith], user({ foreign: true }))).toEqual({});
    expect(names([{ ...smith, login: 'tag:ci' }], machine())).toEqual({});
  });

  test('the trace says what came of it, and names nobody else', () => {
    const bob = { login: 'bob@example.com', username: 'alice.smith' };
    const { trace } = accountNamesOf(user(), rules({ account: bob }, { account: smith }));
    expect(lines(trace)).toEqual([
      '1 account.username: ignored, given to two people',
      '1 account.email: set for this person',
    ]);
    expect(JSON.stringify(trace)).not.toContain('bob');
  });
});

describe('claims of one app', () => {
  const facts = {
    claims: { email: 'alice@example.com', groups: ['ops'], big: JSON.rawJSON('9007199254740993') },
    placeholders: { login: 'alice@example.com', email: 'alice@example.com', node: 'laptop' },
  };
  const map = (set: unknown) => mappedClaims(clientClaimsSchema.parse({ set }).set, facts);

  test.each<[string, object, unknown]>([
    ['rename', { roles: { from: 'groups' } }, { roles: ['ops'] }],
    ['exact numbers', { level: { from: 'big' } }, { level: facts.claims.big }],
    ['a claim that is not there', { roles: { from: 'picture' } }, {}],
    ['a claim of every object', { roles: { from: 'toString' } }, {}],
    ['text', { org: { value: 'Example' } }, { org: 'Example' }],
    ['a list', { roles: { value: ['viewer'] } }, { roles: ['viewer'] }],
    ['false', { root: { value: false } }, { root: false }],
    [
      'a template',
      { home: { template: '/home/{login}@{node}' } },
      { home: '/home/alice@example.com@laptop' },
    ],
    ['a placeholder that is not there', { home: { template: '{username}' } }, {}],
    [
      'username from email',
      { username: { template: '{email}' } },
      { username: 'alice@example.com' },
    ],
    [
      'username by a claim',
      { preferred_username: { from: 'email' } },
      { preferred_username: 'alice@example.com' },
    ],
  ])('%s', (_name, set, expected) => {
    expect(map(set)).toEqual(expected);
  });

  test.each<[string, unknown, string]>([
    ['a protected one', { sub: { value: 'x' } }, 'must not be set: this server vouches for it'],
    ['email', { email: { from: 'picture' } }, 'must not be set: this server vouches for it'],
    ['one username for all', { username: { value: 'admin' } }, 'must differ from person to person'],
    [
      'a username by the device',
      { username: { template: '{node}' } },
      'must differ from person to person',
    ],
    [
      'a username of two parts',
      { username: { template: '{username}{email}' } },
      'must differ from person to person',
    ],
    ['an unknown placeholder', { home: { template: '{secret}' } }, 'must hold only {login}'],
    ['an open brace', { home: { template: '{login' } }, 'must hold only {login}'],
    ['a name with a space', { 'a b': { value: 1 } }, 'must be the name of a claim'],
    [
      'two sources',
      { a: { value: 1, from: 'b' } },
      'must have one of "from", "value" and "template"',
    ],
    ['no source', { a: {} }, 'must have one of "from", "value" and "template"'],
    ['text in place of a source', { a: '{login}' }, 'must be an object: { … }'],
    [
      'an object as a value',
      { a: { value: { b: 1 } } },
      'must be text, a number, true, false or a list of texts',
    ],
  ])('the configuration refuses %s', (_name, set, message) => {
    const { error } = clientClaimsSchema.safeParse({ set });
    expect(error?.issues.map((issue) => issue.message)).toEqual([expect.stringContaining(message)]);
  });

  test('a mapping that no configuration checked sets no protected claim', () => {
    expect(
      mappedClaims({ sub: { value: 'x' }, username: { value: 'x' }, a: { value: 1 } }, facts),
    ).toEqual({ a: 1 });
  });

  test.each<[object, string, string[] | undefined]>([
    [{}, 'openid', undefined],
    [{}, 'openid groups', ['ops', 'dev']],
    [{ groups: 'always' }, 'openid', ['ops', 'dev']],
    [{ groupNames: { ops: 'dev', qa: 'x' } }, 'groups', ['dev']],
    [{ addGroups: ['viewer', 'ops'] }, 'groups', ['ops', 'dev', 'viewer']],
    [{ addGroups: ['viewer'] }, 'openid mygroups', undefined],
  ])('groups by %j under "%s"', (claims, scope, expected) => {
    const known = { granted: ['ops', 'dev'], ofTailnet: [] };
    expect(groupsForClient(clientClaimsSchema.parse(claims), known, scope)).toEqual(expected);
  });
});
