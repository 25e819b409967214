import { describe, expect, test } from 'vitest';
import { capabilities, grantOutcomes } from '../../src/simulator/grants.ts';
import { parseHujson } from '../../src/simulator/hujson.ts';
import { parsePolicy } from '../../src/simulator/policy-file.ts';
import { readTailnet, type Tailnet } from '../../src/simulator/tailnet.ts';

const cap = 'tailscale.com/cap/tsidp';

const tailnet: Tailnet = await readTailnet(
  {
    tailnet: 'tailnet.test',
    self: 'idp',
    users: {
      'olga@example.com': { id: 9, role: 'owner' },
      'alice@example.com': { id: 1, role: 'admin' },
      'bob@example.com': { id: 2 },
      carol: { id: 3 },
      'mallory@elsewhere.example': { id: 4 },
    },
    nodes: {
      idp: { tags: ['tag:idp'], addresses: ['100.64.0.2', 'fd7a::2'] },
      olga: { user: 'olga@example.com', addresses: ['100.64.0.9'] },
      alice: { user: 'alice@example.com', addresses: ['100.64.0.3', 'fd7a::3'] },
      'alice-phone': { user: 'alice@example.com', addresses: ['100.64.0.13'] },
      bob: { user: 'bob@example.com', addresses: ['100.64.0.4'] },
      carol: { user: 'carol', addresses: ['100.64.0.6'] },
      ci: { tags: ['tag:ci', 'tag:build'], addresses: ['100.64.0.5'] },
      mallory: { user: 'mallory@elsewhere.example', sharee: true, addresses: ['100.64.0.7'] },
    },
  },
  'test',
  '.',
);

const sections = {
  groups: { 'group:team': ['alice@example.com', 'bob@example.com'], 'group:empty': [] },
  hosts: { desk: '100.64.0.3', lab: '100.64.0.0/29' },
  ipsets: {
    'ipset:lab': ['add 100.64.0.0/29', 'remove 100.64.0.5', 'host:desk'],
    'ipset:both': ['ipset:lab', '100.64.0.12-100.64.0.14'],
    'ipset:loop': ['ipset:loop', '100.64.0.4'],
  },
};

const everybody = [...tailnet.nodes.keys()].filter((name) => name !== 'idp');
const people = everybody.filter((name) => name !== 'ci');
const members = people.filter((name) => name !== 'mallory');

function granted(from: string, to: string, grant: object): unknown {
  const policy = parsePolicy({ ...sections, grants: [grant] }, 'policy', tailnet.users.keys());
  const found = capabilities(policy, tailnet, node(from), node(to));
  return found[cap];
}

function node(name: string) {
  return tailnet.nodes.get(name)!;
}

describe('who is meant by a source', () => {
  test.each<[string, string[]]>([
    ['*', everybody],
    ['alice@example.com', ['alice', 'alice-phone']],
    ['carol', ['carol']],
    ['carol@', ['carol']],
    ['nobody@example.com', []],
    ['group:team', ['alice', 'alice-phone', 'bob']],
    ['group:empty', []],
    ['tag:ci', ['ci']],
    ['tag:build', ['ci']],
    ['tag:c', []],
    ['autogroup:member', members],
    ['autogroup:tagged', ['ci']],
    ['autogroup:shared', ['mallory']],
    ['autogroup:owner', ['olga']],
    ['autogroup:admin', ['olga', 'alice', 'alice-phone']],
    ['autogroup:auditor', []],
    ['autogroup:self', []],
    ['autogroup:internet', []],
    ['user:*@example.com', ['olga', 'alice', 'alice-phone', 'bob']],
    ['user:*@elsewhere.example', []],
    ['mallory@elsewhere.example', ['mallory']],
    ['100.64.0.4', ['bob']],
    ['100.64.0.12/31', ['alice-phone']],
    ['fd7a::/64', ['alice']],
    ['fd7a:0:0:0:0:0:0:3', ['alice']],
    ['desk', ['alice']],
    ['lab', ['alice', 'bob', 'carol', 'ci', 'mallory']],
    ['ipset:lab', ['alice', 'bob', 'carol', 'mallory']],
    ['ipset:both', ['alice', 'alice-phone', 'bob', 'carol', 'mallory']],
    ['ipset:loop', ['bob']],
  ])('%s', (selector, expected) => {
    const grant = { src: [selector], dst: ['*'], app: { [cap]: [{ x: 1 }] } };
    expect(everybody.filter((name) => granted(name, 'idp', grant))).toEqual(expected);
  });
});

describe('which destination is ours', () => {
  test.each<[string, string, string, boolean]>([
    ['*', 'bob', 'idp', true],
    ['tag:idp', 'bob', 'idp', true],
    ['tag:ci', 'bob', 'idp', false],
    ['100.64.0.2', 'bob', 'idp', true],
    ['fd7a::2', 'bob', 'idp', true],
    ['100.64.0.3', 'bob', 'idp', false],
    ['autogroup:tagged', 'bob', 'idp', true],
    ['autogroup:member', 'bob', 'idp', false],
    ['autogroup:member', 'bob', 'alice', true],
    ['alice@example.com', 'bob', 'alice', true],
    ['autogroup:self', 'alice', 'alice-phone', true],
    ['autogroup:self', 'bob', 'alice-phone', false],
    ['autogroup:self', 'ci', 'idp', false],
    ['svc:idp', 'bob', 'idp', false],
  ])('%s from %s to %s: %s', (selector, from, to, expected) => {
    const grant = { src: ['*'], dst: [selector], app: { [cap]: [{}] } };
    expect(granted(from, to, grant) !== undefined).toBe(expected);
  });
});

describe('grants that give nothing', () => {
  const base = { src: ['*'], dst: ['*'] };
  test.each<[string, object, string]>([
    ['ip only', { ...base, ip: ['*'] }, 'no-app'],
    ['posture', { ...base, app: { [cap]: [1] }, srcPosture: ['posture:fresh'] }, 'posture'],
    ['via', { ...base, app: { [cap]: [1] }, via: ['tag:router'] }, 'via'],
    ['source', { ...base, src: ['tag:ci'], app: { [cap]: [1] } }, 'source'],
    ['no source', { ...base, src: [], app: { [cap]: [1] } }, 'source'],
    ['destination', { ...base, dst: ['tag:ci'], app: { [cap]: [1] } }, 'destination'],
  ])('%s', (_name, grant, outcome) => {
    const policy = parsePolicy({ ...sections, grants: [grant] }, 'policy', []);
    expect(grantOutcomes(policy, tailnet, node('bob'), node('idp'))).toEqual([outcome]);
    expect(capabilities(policy, tailnet, node('bob'), node('idp'))).toEqual({});
  });

  test('an empty posture condition is none', () => {
    const grant = { ...base, app: { [cap]: [1] }, srcPosture: [] };
    expect(granted('bob', 'idp', grant)).toEqual([1]);
  });
});

test('values of matching grants come one after the other, in the order of the file', () => {
  const grants = [
    { src: ['*'], dst: ['*'], app: { [cap]: [{ a: 1 }], 'example.com/cap/other': null } },
    { src: ['tag:ci'], dst: ['*'], app: { [cap]: [{ never: true }] } },
    { src: ['group:team'], dst: ['tag:idp'], app: { [cap]: [{ b: 2 }, 'c'], 'example.com/e': [] } },
    { src: ['*'], dst: ['*'], app: { [cap]: null, 'example.com/cap/other': [3] } },
  ];
  const policy = parsePolicy({ ...sections, grants }, 'policy', []);
  expect(capabilities(policy, tailnet, node('bob'), node('idp'))).toEqual({
    [cap]: [{ a: 1 }, { b: 2 }, 'c'],
    'example.com/cap/other': [3],
    'example.com/e': [],
  });
});

test('numbers keep their digits from the file to the answer', () => {
  const file = `{"grants": [{"src": ["*"], "dst": ["*"], "app": {"c": [
    9007199254740993, -9007199254740993, 12345678901234567890123, 1.5, 1e3, 7, // as written
  ]}}]}`;
  const policy = parsePolicy(parseHujson(file, 'policy.hujson'), 'policy.hujson', []);
  expect(JSON.stringify(capabilities(policy, tailnet, node('bob'), node('idp')))).toBe(
    '{"c":[9007199254740993,-9007199254740993,12345678901234567890123,1.5,1000,7]}',
  );
});
