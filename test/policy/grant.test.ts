import { describe, expect, test } from 'vitest';
import { parseLossless } from '../../src/peer/lossless-json.ts';
import { capability, parseRules, rulesOf } from '../../src/policy/grant.ts';

const everything = {
  clients: ['grafana', '*'],
  scopes: ['mcp:*', { resource: 'https://mcp.tailnet.test/mcp', scopes: ['read'] }],
  groups: ['admins'],
  machine_login: true,
  may_act_for: ['alice@example.com', 'tag:ci', '*'],
  account: { login: 'alice@example.com', username: 'alice.smith', email: 'a@example.org' },
  allow_admin_ui: true,
  allow_dcr: false,
  users: ['*'],
  resources: ['https://mcp.tailnet.test/mcp'],
  extraClaims: { groups: ['admins'], nested: { deep: [null] } },
  includeInUserInfo: true,
};

const json = (text: string): unknown => parseLossless(text);

test('every field is read as it stands', () => {
  expect(parseRules([everything])).toEqual({
    rules: [{ ...everything, index: 0 }],
    problems: [],
    unknownFields: [],
  });
});

test('a malformed rule is dropped whole, the others keep their places', () => {
  const { rules, problems } = parseRules([
    { clients: ['a'] },
    { allow_admin_ui: true, clients: 'a' },
    { clients: ['b'] },
  ]);
  expect(rules.map(({ index, clients }) => [index, clients])).toEqual([
    [0, ['a']],
    [2, ['b']],
  ]);
  expect(problems).toEqual([{ index: 1, message: 'clients must be a list of texts' }]);
});

describe('malformed', () => {
  test.each<[string, unknown, string]>([
    ['null', null, 'must be an object'],
    ['text', 'allow_admin_ui', 'must be an object'],
    ['a number', 1, 'must be an object'],
    ['a number beyond a double', json('9007199254740993'), 'must be an object'],
    ['a boolean', true, 'must be an object'],
    ['a list', [{ allow_admin_ui: true }], 'must be an object'],
    ['undefined', undefined, 'must be an object'],
    ['a flag as text', { allow_dcr: 'true' }, 'allow_dcr must be true or false'],
    ['a flag as number', { machine_login: 1 }, 'machine_login must be true or false'],
    ['a list as text', { groups: 'admins' }, 'groups must be a list of texts'],
    ['a list as object', { clients: { 0: '*' } }, 'clients must be a list of texts'],
    ['null in a list', { clients: [null] }, 'clients.0 must be text'],
    ['a number in a list', { users: [1] }, 'users.0 must be text'],
    ['a big number in a list', json('{"clients":[9007199254740993]}'), 'clients.0 must be text'],
    ['a list in a list', { resources: [['*']] }, 'resources.0 must be text'],
    ['null where only tsidp has it', { clients: null }, 'clients must be a list of texts'],
    ['an empty client', { clients: [''] }, 'clients.0 must not be empty'],
    ['a long client', { clients: ['x'.repeat(2049)] }, 'clients.0 must be at most 2048 characters'],
    [
      'many clients',
      { clients: Array(1001).fill('x') },
      'clients must be a list of at most 1000 entries',
    ],
    ['claims as list', { extraClaims: ['groups'] }, 'extraClaims must be an object'],
    ['claims as big number', json('{"extraClaims":1e400}'), 'extraClaims must be an object'],
    ['scopes as text', { scopes: 'read' }, 'scopes must be a list of scopes'],
    [
      'two scopes in one',
      { scopes: ['read write'] },
      'scopes.0 must be a scope of 1 to 256 characters (RFC 6749 section 3.3)',
    ],
    [
      'a resource without scopes',
      { scopes: [{ resource: 'https://r' }] },
      'scopes.0 must be a scope, or an object with resource and scopes',
    ],
    [
      // it could be meant to narrow
      'an unknown member beside a resource',
      { scopes: [{ resource: 'https://r', scopes: ['*'], only: 'mondays' }] },
      'scopes.0 has an unknown member',
    ],
    [
      'an account of nobody',
      { account: { username: 'x' } },
      'account.login must be one login name',
    ],
    [
      'an account of two',
      { account: { login: ['a', 'b'] } },
      'account.login must be one login name',
    ],
    ['an account of nothing', { account: { login: 'a' } }, 'account must set username or email'],
    [
      'a username that looks like a login',
      { account: { login: 'a', username: 'bob@example.com' } },
      'account.username must be 1 to 64 letters, digits or ". _ -" of ASCII',
    ],
    [
      'an email without a domain',
      { account: { login: 'a', email: 'bob@github' } },
      'account.email must be an email address',
    ],
    [
      'an unknown member of an account',
      { account: { login: 'a', username: 'b', Secret: 1 } },
      'account has an unknown member',
    ],
    ['too much', { extraClaims: { text: 'x'.repeat(70_000) } }, 'too long, or too deep'],
    ['too wide', { extraClaims: { list: Array(70_000).fill(0) } }, 'too long, or too deep'],
    ['too deep', json(`{"x":${'['.repeat(5000)}${']'.repeat(5000)}}`), 'too long, or too deep'],
  ])('%s', (_name, value, message) => {
    expect(parseRules([value, { allow_dcr: true }])).toEqual({
      rules: [{ allow_dcr: true, index: 1 }],
      problems: [{ index: 0, message }],
      unknownFields: [],
    });
  });
});

test("null in tsidp's fields is what Go makes of it: the empty value", () => {
  const nulls =
    '{"allow_admin_ui":null,"allow_dcr":null,"users":null,"resources":null,"extraClaims":null,"includeInUserInfo":null}';
  expect(parseRules([json(nulls)]).rules).toEqual([
    {
      allow_admin_ui: false,
      allow_dcr: false,
      users: [],
      resources: [],
      extraClaims: {},
      includeInUserInfo: false,
      index: 0,
    },
  ]);
});

test('of duplicate keys the last one counts, as in Go', () => {
  const { rules } = parseRules([json('{"clients":["*"],"clients":["grafana"]}')]);
  expect(rules).toEqual([{ clients: ['grafana'], index: 0 }]);
});

test('unknown fields are kept and named, in a form that can be printed', () => {
  const { rules, problems, unknownFields } = parseRules([
    { client: ['grafana'], index: 7, message: 'm' },
    { [`ctrl\u0007\u202e${'x'.repeat(100)}`]: 1 },
  ]);
  expect(rules[0]).toEqual({ client: ['grafana'], message: 'm', index: 0 });
  expect(problems).toEqual([]);
  expect(unknownFields).toEqual([
    { index: 0, field: 'client' },
    { index: 0, field: 'index' },
    { index: 0, field: 'message' },
    { index: 1, field: `ctrl??${'x'.repeat(54)}` },
  ]);
});

test('the 10 001st rule is ignored, and that is said', () => {
  const { rules, problems } = parseRules(Array(10_001).fill({ allow_dcr: true }));
  expect(rules).toHaveLength(10_000);
  expect(problems).toEqual([
    { index: 10_000, message: 'more than 10000 rules; the rest is ignored' },
  ]);
});

test('rules that are too much together are dropped, one by one', () => {
  const big = { extraClaims: { text: 'x'.repeat(60_000) } };
  const { rules, problems } = parseRules(Array(100).fill(big));
  expect(rules).toHaveLength(69);
  expect(problems).toHaveLength(31);
  expect(problems[0]).toEqual({ index: 69, message: 'too long, or too deep' });
});

describe('the capability map', () => {
  const nothing = { rules: [], problems: [], unknownFields: [] };
  test.each([
    ['null', null],
    ['undefined', undefined],
    ['empty', {}],
    ['of other capabilities', { 'example.com/cap/other': [everything] }],
    ['without values', { [capability]: [] }],
    ['with a null', { [capability]: null as never }],
    ['with an object', { [capability]: everything as never }],
    ['with the capability on its prototype', Object.create({ [capability]: [everything] })],
  ])('%s', (_name, capMap) => {
    expect(rulesOf(capMap)).toEqual(nothing);
  });

  test('one answer is parsed once', () => {
    const capMap = { [capability]: [everything] };
    expect(rulesOf(capMap)).toBe(rulesOf(capMap));
    expect(rulesOf(capMap).rules).toHaveLength(1);
  });
});
