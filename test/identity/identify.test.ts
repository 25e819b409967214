import { describe, expect, test } from 'vitest';
import { identify } from '../../src/identity/identify.ts';
import type { NodeStatus } from '../../src/peer/status.ts';
import type { WhoisAnswer, WhoisNode } from '../../src/peer/whois.ts';

const node: WhoisNode = {
  stableId: 'nAlice1CNTRL',
  nodeId: '3',
  name: 'alice.tailnet.test.',
  userId: '1',
  key: 'nodekey:00',
  addresses: ['100.64.0.3/32'],
  tags: [],
  expired: false,
  keyExpires: true,
  sharee: false,
  os: 'linux',
};

const status = { backendState: 'Running', stableId: 'nIdp1CNTRL' } as NodeStatus;

const identified = (
  changes: Partial<WhoisNode>,
  allowForeignUsers = false,
  more: { groups?: readonly string[] } = {},
) => {
  const profile = {
    ...more,
    id: '1',
    loginName: 'alice@example.com',
    displayName: undefined,
    profilePicUrl: undefined,
  };
  const answer: WhoisAnswer = {
    kind: 'found',
    node: { ...node, ...changes },
    profile,
    capMap: { 'tailscale.com/cap/tsidp': [{ machine_login: true }] },
  };
  const options = { allowForeignUsers, allowSelf: false, staleNetworkMapSeconds: 3600 };
  const found = identify(answer, { status, staleSeconds: 0 }, options);
  return found.ok ? found.identity : found.refusal.code;
};

describe('T20 T21 devices of other tailnets', () => {
  const tags = ['tag:ci'];

  test.each([
    ['a member of ours', {}, false, { kind: 'user', foreign: false }],
    ['a machine of ours', { tags }, false, { kind: 'machine', tags }],
    ['a foreign member, let in', { sharee: true }, true, { kind: 'user', foreign: true }],
  ])('%s is somebody', (_, changes, allowed, expected) => {
    expect(identified(changes, allowed)).toMatchObject(expected);
  });

  test.each([
    ['a foreign member', { sharee: true }, false],
    ["another tailnet's tag:ci", { sharee: true, tags }, false],
    ["another tailnet's tag:ci, where foreign members are let in", { sharee: true, tags }, true],
  ])('%s is refused as foreign', (_, changes, allowed) => {
    expect(identified(changes, allowed)).toBe('foreign');
  });
});

test('T20 T21 groups are those of a member of ours alone', () => {
  const groups = ['group:admin'];
  const groupsOf = (changes: Partial<WhoisNode>) => {
    const found = identified(changes, true, { groups });
    return typeof found === 'object' && found.kind === 'user' ? found.groups : 'none';
  };
  expect(groupsOf({})).toEqual(groups);
  expect(groupsOf({ sharee: true })).toBeUndefined();
  expect(groupsOf({ tags: ['tag:ci'] })).toBe('none');
});

test('T35 while tailscaled does not say which node is our own, nobody is told from it', () => {
  const nameless = { ...status, stableId: '' };
  const answer: WhoisAnswer = {
    kind: 'found',
    node,
    profile: {
      id: '1',
      loginName: 'alice@example.com',
      displayName: undefined,
      profilePicUrl: undefined,
    },
    capMap: {},
  };
  const options = { allowForeignUsers: false, allowSelf: false, staleNetworkMapSeconds: 3600 };
  const found = identify(answer, { status: nameless, staleSeconds: 0 }, options);
  expect(found).toMatchObject({ ok: false, refusal: { code: 'not-logged-in' } });
});
