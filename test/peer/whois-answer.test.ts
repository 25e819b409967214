import { describe, expect, test } from 'vitest';
import { parseWhois } from '../../src/peer/whois-answer.ts';
import { changed, type Json } from './changed.ts';
import { recorded } from './recorded.ts';

const recordedAtSeconds = Date.parse('2026-11-21T07:50:00Z') / 1000;
const tsidp = 'tailscale.com/cap/tsidp';

describe('recorded answers', () => {
  test("a user's device", () => {
    expect(parseWhois(recorded('whois-user').body, recordedAtSeconds)).toEqual({
      kind: 'found',
      node: {
        stableId: '4',
        nodeId: '4',
        name: 'bob.tailnet.test.',
        userId: '2',
        key: 'nodekey:0206c145a6f7b1cc7e68edde555197d0256c5a2d8cc2f56e6f5d5e9bf391241c',
        addresses: ['100.64.0.4/32', 'fd7a:115c:a1e0::4/128'],
        tags: [],
        expired: false,
        keyExpires: false,
        sharee: false,
        os: 'linux',
      },
      profile: {
        id: '2',
        loginName: 'bob@example.com',
        displayName: 'bob@example.com',
        profilePicUrl: undefined,
      },
      capMap: {
        [tsidp]: [
          {
            users: ['*'],
            resources: ['https://mcp.tailnet.test/mcp'],
            extraClaims: { department: 'eng' },
          },
        ],
      },
    });
  });

  test('an administrator: non-ASCII name, several grants, a number above 2^53', () => {
    const { profile, capMap } = parseWhois(recorded('whois-user-admin').body, recordedAtSeconds);
    expect(profile.displayName).toBe('Alice Ångström');
    expect(capMap[tsidp]).toHaveLength(2);
    expect(JSON.stringify(capMap)).toContain('"level":9007199254740993}');
  });

  test.each([
    ['whois-user', { tags: [], userId: '2', loginName: 'bob@example.com' }],
    ['whois-user-no-email', { tags: [], userId: '3', loginName: 'carol' }],
    ['whois-ipv6', { tags: [], userId: '2', loginName: 'bob@example.com' }],
    ['whois-self', { tags: ['tag:idp'], userId: '2147455555', loginName: 'tagged-devices' }],
    [
      'whois-tagged-agent',
      { tags: ['tag:ai-agent'], userId: '2147455555', loginName: 'tagged-devices' },
    ],
    [
      'whois-tagged-no-capability',
      { tags: ['tag:ci'], userId: '2147455555', loginName: 'tagged-devices' },
    ],
    ['whois-expired', { tags: [], userId: '3', loginName: 'carol' }],
  ])('%s', (name, { tags, userId, loginName }) => {
    const { node, profile } = parseWhois(recorded(name).body, recordedAtSeconds);
    const expired = name === 'whois-expired';
    expect(node).toMatchObject({ tags, userId, expired, sharee: false });
    expect(profile).toMatchObject({ id: userId, loginName });
  });

  test.each(['whois-user-no-email', 'whois-tagged-no-capability', 'whois-expired'])(
    '%s has no capabilities at all',
    (name) => {
      expect(parseWhois(recorded(name).body, recordedAtSeconds).capMap).toEqual({});
    },
  );
});

test('a device of another tailnet', () => {
  const json = changed(({ Node }) => {
    (Node['Hostinfo'] as Json)['ShareeNode'] = true;
  });
  expect(parseWhois(json, recordedAtSeconds).node.sharee).toBe(true);
});

test.each([
  ['2026-11-21T07:49:59.999999999Z', true],
  ['2026-11-21T07:50:00Z', true],
  ['2026-11-21T07:50:01Z', false],
  ['2026-11-21T09:49:00+02:00', true],
  ['0001-01-01T00:00:00Z', false],
  ['', false],
  [null, false],
])('a key that expires %s is expired: %s', (expiry, expired) => {
  const json = changed(({ Node }) => {
    Node['KeyExpiry'] = expiry;
  });
  expect(parseWhois(json, recordedAtSeconds).node.expired).toBe(expired);
});

test('Expired counts whatever KeyExpiry says', () => {
  const json = changed(({ Node }) => {
    Node['KeyExpiry'] = '2099-01-01T00:00:00Z';
    Node['Expired'] = true;
  });
  expect(parseWhois(json, recordedAtSeconds).node.expired).toBe(true);
});

test('IDs above 2^53 keep every digit', () => {
  const json = recorded('whois-user')
    .body.replace('"ID": 4,', '"ID": 9007199254740993,')
    .replace('"User": 2,', '"User": 9223372036854775807,')
    .replace('"ID": 2,', '"ID": 9223372036854775807,');
  const { node, profile } = parseWhois(json, recordedAtSeconds);
  expect(node.nodeId).toBe('9007199254740993');
  expect(node.userId).toBe('9223372036854775807');
  expect(profile.id).toBe('9223372036854775807');
});

test('two owners that differ beyond 2^53 are two', () => {
  const json = recorded('whois-user')
    .body.replace('"User": 2,', '"User": 9007199254740993,')
    .replace('"ID": 2,', '"ID": 9007199254740992,');
  expect(() => parseWhois(json, recordedAtSeconds)).toThrow(/two users/);
});

test('names and pictures may be missing', () => {
  const json = changed(({ UserProfile }) => {
    delete UserProfile['DisplayName'];
    UserProfile['ProfilePicURL'] = 'https://example.com/bob.png';
  });
  expect(parseWhois(json, recordedAtSeconds).profile).toMatchObject({
    displayName: undefined,
    profilePicUrl: 'https://example.com/bob.png',
  });
});

test.each<[string, unknown, unknown]>([
  ['null', null, {}],
  ['an empty list', { a: [] }, { a: [] }],
  ['null as values', { a: null }, { a: [] }],
  ['something else as values', { a: {}, b: 'x', c: 1, d: true, e: [1] }, { e: [1] }],
])('the capability map: %s', (_name, capMap, read) => {
  const json = changed((answer) => {
    answer.CapMap = capMap;
  });
  expect(parseWhois(json, recordedAtSeconds).capMap).toEqual(read);
});

test('capabilities named like parts of an object', () => {
  const json = recorded('whois-user').body.replace(
    `"${tsidp}"`,
    '"__proto__": [{}], "constructor": [{}], "x"',
  );
  const { capMap } = parseWhois(json, recordedAtSeconds);
  expect(Object.getPrototypeOf(capMap)).toBeNull();
  expect(Object.keys(capMap)).toEqual(['constructor', 'x']);
  expect(parseWhois(recorded('whois-user').body, 0).capMap['constructor']).toBeUndefined();
});

test("the node's own attributes are no capabilities", () => {
  const json = changed((answer) => {
    answer.Node['CapMap'] = { [tsidp]: [{ allow_admin_ui: true }] };
    answer.CapMap = null;
  });
  expect(parseWhois(json, recordedAtSeconds).capMap).toEqual({});
});
