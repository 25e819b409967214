import { describe, expect, test } from 'vitest';
import { ignoredSections, nodesNamed, offlinePeer } from '../../src/simulator/offline.ts';
import { readTailnet } from '../../src/simulator/tailnet.ts';

const cap = 'tailscale.com/cap/tsidp';
const everybody = { src: ['*'], dst: ['*'] };

const tailnet = await readTailnet(
  {
    tailnet: 'tailnet.test',
    self: 'idp',
    users: { 'alice@example.com': { id: '9007199254740993' }, carol: { id: 3 } },
    nodes: {
      idp: { tags: ['tag:idp'], addresses: ['100.64.0.2'] },
      laptop: { user: 'alice@example.com', addresses: ['100.64.0.3', 'fd7a:115c:a1e0::3'] },
      phone: { user: 'alice@example.com', expired: true, addresses: ['100.64.0.13'] },
      carol: { user: 'carol', addresses: ['100.64.0.4'] },
      ci: { tags: ['tag:ci'], addresses: ['100.64.0.5'] },
    },
    policy: {
      acls: [{ action: 'accept', src: ['*'], dst: ['*:*'] }],
      grants: [
        { ...everybody, ip: ['*'] },
        { ...everybody, app: { [cap]: [{ level: 1 }] } },
        { ...everybody, src: ['tag:ci'], app: { [cap]: [{}] } },
        { ...everybody, dst: ['tag:db'], app: { [cap]: [{}] } },
        { ...everybody, srcPosture: ['posture:x'], app: { [cap]: [{}] } },
        { ...everybody, via: ['tag:router'], app: { [cap]: [{}] } },
      ],
    },
  },
  'test',
  '.',
);

const options = {
  allowForeignUsers: false,
  allowSelf: false,
  staleNetworkMapSeconds: 3600,
  nowSeconds: 1_790_000_000,
};

describe('whom a name means', () => {
  test.each([
    ['alice@example.com', ['laptop', 'phone']],
    ['carol', ['carol']],
    ['carol@', ['carol']],
    ['tag:ci', ['ci']],
    ['laptop', ['laptop']],
    ['100.64.0.3', ['laptop']],
    ['FD7A:115C:A1E0:0:0:0:0:3', ['laptop']],
    ['alice', []],
    ['tag:', []],
    ['', []],
    ['100.64.0.99', []],
  ])('%s', (name, expected) => {
    expect(nodesNamed(tailnet, name).map((node) => node.name)).toEqual(expected);
  });
});

test('a peer is known as the daemon would know it', () => {
  const { identified, grants } = offlinePeer(tailnet, tailnet.nodes.get('laptop')!, options);
  expect(identified).toMatchObject({
    ok: true,
    stale: false,
    identity: { kind: 'user', login: 'alice@example.com', userId: '9007199254740993' },
    capMap: { [cap]: [{ level: 1 }] },
  });
  expect(grants.map(({ index, outcome }) => [index, outcome])).toEqual([
    [0, 'no-app'],
    [1, 'given'],
    [2, 'source'],
    [3, 'destination'],
    [4, 'posture'],
    [5, 'via'],
  ]);
  expect(grants[4]?.text).toContain('undecidable');
});

test.each([
  ['phone', 'expired'],
  ['idp', 'self'],
])('%s is refused as %s', (name, code) => {
  const { identified } = offlinePeer(tailnet, tailnet.nodes.get(name)!, options);
  expect(identified).toMatchObject({ ok: false, refusal: { code } });
});

test('what counts for no app is said', () => {
  expect(ignoredSections(tailnet.policy)).toEqual([expect.stringContaining('"acls"')]);
  const none = { groups: {}, hosts: {}, ipsets: {}, grants: [], nodeAttrs: [] };
  expect(ignoredSections(none)).toEqual([]);
  expect(ignoredSections({ ...none, acls: 'x' })).toEqual([]);
});
