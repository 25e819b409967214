import { describe, expect, test } from 'vitest';
import {
  type CapabilityScopes,
  capabilityScopesSchema,
  scopesOfCapabilities,
} from '../../src/policy/capability-scopes.ts';
import { decideScopes, type ScopesQuestion } from '../../src/policy/decide-scopes.ts';
import { lines, rules } from './sample.ts';

const mcp = { uri: 'https://mcp.tailnet.test/mcp', scopes: ['read', 'write', 'mcp:run', 'admin'] };

function decide(requested: string, values: unknown[], changes: Partial<ScopesQuestion> = {}) {
  const words = requested.split(' ').filter((word) => word !== '');
  return decideScopes({ requested: words, rules: rules(...values), resource: mcp, ...changes });
}

describe('requested ∩ granted ∩ the resource’s', () => {
  test.each<[string, unknown[], string]>([
    ['read', [], ''],
    ['read', [{ scopes: ['read'] }], 'read'],
    ['read write', [{ scopes: ['read'] }], 'read'],
    ['write read', [{ scopes: ['read'] }, { scopes: ['write'] }], 'write read'],
    ['read read', [{ scopes: ['read'] }], 'read'],
    ['read', [{ scopes: ['*'] }], 'read'],
    ['delete', [{ scopes: ['*'] }], ''],
    ['mcp:run', [{ scopes: ['mcp:*'] }], 'mcp:run'],
    ['mcp:run', [{ scopes: ['*:run'] }], 'mcp:run'],
    ['mcp:run', [{ scopes: ['m*:*n'] }], 'mcp:run'],
    ['mcp:run', [{ scopes: ['m*run*n'] }], ''],
    ['mcp:run', [{ scopes: ['mcp:run*run'] }], ''],
    ['mcp:run', [{ scopes: ['mcp:'] }], ''],
    ['mcp:run', [{ scopes: ['MCP:*'] }], ''],
    ['mcp:*', [{ scopes: ['*'] }], ''],
    [
      'openid profile email groups offline_access',
      [],
      'openid profile email groups offline_access',
    ],
    ['openid read', [], 'openid'],
    ['read', [{ scopes: [{ resource: mcp.uri, scopes: ['read'] }] }], 'read'],
    ['read', [{ scopes: [{ resource: '*', scopes: ['read'] }] }], 'read'],
    ['read', [{ scopes: [{ resource: 'https://other.test/mcp', scopes: ['read'] }] }], ''],
    ['read', [{ scopes: [{ resource: `${mcp.uri}/`, scopes: ['read'] }] }], ''],
    ['read', [{ scopes: ['read'], groups: 3 }], ''],
  ])('"%s" with %j: "%s"', (requested, values, expected) => {
    const decision = decide(requested, values);
    expect(decision.scopes.join(' ')).toBe(expected);
    expect(decision.allowed).toBe(expected !== '');
    expect([...decision.scopes, ...decision.refused].toSorted()).toEqual(
      [...new Set(requested.split(' '))].toSorted(),
    );
  });

  test('without a resource only what holds everywhere counts', () => {
    const values = [{ scopes: ['api:*', { resource: '*', scopes: ['everything'] }] }];
    const decision = decide('api:read everything', values, { resource: undefined });
    expect(decision).toMatchObject({ scopes: ['api:read'], refused: ['everything'] });
  });

  test('a resource with an empty path has two spellings', () => {
    const values = [{ scopes: [{ resource: 'https://h.test/', scopes: ['read'] }] }];
    const resource = { uri: 'https://h.test', scopes: ['read'] };
    expect(decide('read', values, { resource }).scopes).toEqual(['read']);
  });

  test('the client’s own list narrows everything', () => {
    const clientScopes = new Set(['openid', 'read']);
    const values = [{ scopes: ['*'] }];
    expect(decide('openid email read write', values, { clientScopes }).scopes).toEqual([
      'openid',
      'read',
    ]);
  });

  test('open scopes need no rule, but the resource must know them', () => {
    const resource = { ...mcp, openScopes: ['read', 'delete'] };
    expect(decide('read write delete', [], { resource }).scopes).toEqual(['read']);
  });

  test('nothing requested, nothing refused', () => {
    expect(decide('', [])).toEqual({ allowed: true, scopes: [], refused: [], trace: [] });
  });
});

test('T14 a request of 100 KB costs little and gets its first hundred scopes', () => {
  const requested = ['x'.repeat(100_000), ...Array.from({ length: 20_000 }, (_, i) => `s${i}`)];
  const patterns = Array.from({ length: 1000 }, (_, i) => `${'s*'.repeat(20)}${i}`);
  const decision = decide('', [{ scopes: patterns }, { scopes: ['s*'] }], {
    requested,
    resource: undefined,
  });
  // 1000 patterns count, so the last one does not
  expect(decision.scopes).toEqual([]);
  expect(decision.refused).toHaveLength(20_001);
  expect(decision.trace).toHaveLength(100);
  expect(decision.trace[0]).toEqual({ field: 'request', outcome: 'a text: is not a scope' });
});

test('a refusal names what would help: only what the resource knows', () => {
  expect(decide('read delete', [])).toMatchObject({
    allowed: false,
    reason:
      'no grant of the tailnet policy gives you the requested scopes at https://mcp.tailnet.test/mcp (scopes)',
    remedy: {
      'tailscale.com/cap/tsidp': [{ scopes: [{ resource: mcp.uri, scopes: ['read'] }] }],
    },
  });
  expect(decide('delete', [])).not.toHaveProperty('remedy');
  expect(decide('openid write', [])).toMatchObject({
    allowed: true,
    remedy: {
      'tailscale.com/cap/tsidp': [{ scopes: [{ resource: mcp.uri, scopes: ['write'] }] }],
    },
  });
  expect(decide('openid', [])).not.toHaveProperty('remedy');
});

test('the trace names rule and field for each scope', () => {
  const values = [{ groups: ['x'] }, { scopes: ['read'] }];
  const decision = decide('openid read write delete', values);
  expect(lines(decision.trace)).toEqual([
    '- request: openid: says who this is',
    '1 scopes: read: granted',
    '- scopes: write: no rule gives it',
    '- resource: delete: the resource does not know it',
  ]);
});

describe('other capabilities', () => {
  const cap = 'example.com/cap/mcp-tools';
  const mapping = (changes: Partial<CapabilityScopes> = {}) =>
    capabilityScopesSchema.parse({ capability: cap, pointer: '/capabilities', ...changes });

  test.each<[string, Partial<CapabilityScopes>, unknown[], string[]]>([
    ['a list', { prefix: 'mcp:' }, [{ capabilities: ['run', 'read'] }], ['mcp:run', 'mcp:read']],
    ['a text', {}, [{ capabilities: 'run' }], ['run']],
    ['the value itself', { pointer: '' }, ['run', ['read']], ['run', 'read']],
    ['a member further down', { pointer: '/a/0/b~1c~0' }, [{ a: [{ 'b/c~': 'run' }] }], ['run']],
    ['several values', {}, [{ capabilities: ['a'] }, { capabilities: ['b', 'a'] }], ['a', 'b']],
    ['nothing there', {}, [{ tools: ['run'] }, null, 7, 'capabilities', []], []],
    ['an empty pointer token', { pointer: '/' }, [{ '': 'run' }], ['run']],
    ['no own member', { pointer: '/constructor/name' }, [{}], []],
    ['a length', { pointer: '/length' }, [['a']], []],
  ])('%s', (_name, changes, values, expected) => {
    const { scopes, problems } = scopesOfCapabilities([mapping(changes)], { [cap]: values });
    expect(scopes.map(({ scope }) => scope)).toEqual(expected);
    expect(problems).toEqual([]);
  });

  test.each<[string, unknown]>([
    ['a wildcard', '*'],
    ['two in one', 'read write'],
    ['a quote', '"'],
    ['an empty text', ''],
    ['a long text', 'x'.repeat(300)],
    ['a number', 7],
    ['null', null],
    ['an object', { a: 'run' }],
    ['a list in a list', [['run']]],
  ])('%s makes no scope, and that is said', (_name, named) => {
    const { scopes, problems } = scopesOfCapabilities([mapping({ prefix: 'mcp:' })], {
      [cap]: [{ capabilities: named }, { capabilities: 'good' }],
    });
    expect(scopes.map(({ scope }) => scope)).toEqual(['mcp:good']);
    expect(problems).toEqual([`${cap}: value 0: something at "/capabilities" makes no scope`]);
  });

  test('no capability, no map, no values: no scopes', () => {
    const one = [mapping()];
    for (const capMap of [null, undefined, {}, { [cap]: [] }, { [cap]: null as never }]) {
      expect(scopesOfCapabilities(one, capMap)).toEqual({ scopes: [], problems: [] });
    }
  });

  test('they count at the resource of the mapping', () => {
    const capMap = { [cap]: [{ capabilities: ['run'] }] };
    const at = (resource: string) =>
      scopesOfCapabilities([mapping({ prefix: 'mcp:', resource })], capMap).scopes;
    const asked = (mapped: ScopesQuestion['mapped']) => decide('mcp:run', [], { mapped });
    expect(asked(at(mcp.uri)).scopes).toEqual(['mcp:run']);
    expect(lines(asked(at(mcp.uri)).trace)).toEqual([`- ${cap}: mcp:run: granted`]);
    expect(asked(at('https://other.test/')).scopes).toEqual([]);
    const everywhere = scopesOfCapabilities([mapping({ prefix: 'mcp:' })], capMap).scopes;
    expect(asked(everywhere).scopes).toEqual(['mcp:run']);
  });

  test('thousands of names are cut', () => {
    const names = Array.from({ length: 5000 }, (_, i) => `s${i}`);
    const capMap = { [cap]: [{ capabilities: names }, { capabilities: names.toReversed() }] };
    expect(scopesOfCapabilities([mapping()], capMap).scopes).toHaveLength(1000);
  });

  test.each<[object, string]>([
    [{ capability: '' }, 'must be a capability such as "example.com/cap/mcp-tools"'],
    [
      { capability: cap, pointer: 'a' },
      'must be a JSON pointer (RFC 6901) such as "/capabilities"',
    ],
    [
      { capability: cap, pointer: '/~2' },
      'must be a JSON pointer (RFC 6901) such as "/capabilities"',
    ],
    [
      { capability: cap, prefix: 'a b' },
      'must be the beginning of a scope such as "mcp:", at most 100 characters',
    ],
    [
      { capability: cap, resource: 'https://r.test/#x' },
      'must be the URI of a resource, without a fragment (RFC 8707 section 2)',
    ],
    [{ capability: cap, path: '/a' }, 'is no member here: remove it'],
  ])('the configuration refuses %j', (value, message) => {
    const { error } = capabilityScopesSchema.safeParse(value);
    expect(error?.issues.map((issue) => issue.message)).toEqual([message]);
  });
});
