import { describe, expect, test } from 'vitest';
import { readTailnet, type TailnetInput } from '../../src/simulator/tailnet.ts';
import { statusJson, whoisAnswer } from '../../src/simulator/wire.ts';

const policy = {
  groups: {
    'group:eng': ['alice@example.com', 'bob@example.com'],
    'group:admin': ['alice@example.com'],
    'group:all-sales': ['bob@example.com', 'group:sales@example.com'],
  },
};
const visible = (target: string, ...groups: string[]) => ({
  nodeAttrs: [
    {
      target: [target],
      attr: ['funnel'],
      app: { 'tailscale.com/visible-groups': [{ groups }] },
    },
  ],
});

const tailnet = async (nodeAttrs: object, status: TailnetInput['status'] = {}) =>
  readTailnet(
    {
      tailnet: 'tailnet.test',
      self: 'idp',
      users: {
        'alice@example.com': { id: 1, groups: ['group:sales@example.com', 'ops@example.com'] },
        'bob@example.com': { id: 2 },
        'mallory@elsewhere.example': { id: 3, groups: ['admin@elsewhere.example'] },
      },
      nodes: {
        idp: { tags: ['tag:idp'], addresses: ['100.64.0.2'] },
        alice: { user: 'alice@example.com', addresses: ['100.64.0.3'] },
        bob: { user: 'bob@example.com', addresses: ['100.64.0.4'] },
        ci: { tags: ['tag:ci'], addresses: ['100.64.0.5'] },
        mallory: { user: 'mallory@elsewhere.example', sharee: true, addresses: ['100.64.0.6'] },
      },
      policy: { ...policy, ...nodeAttrs },
      status,
    },
    'test',
    '.',
  );

async function groupsOf(name: string, nodeAttrs: object, status?: TailnetInput['status']) {
  const given = await tailnet(nodeAttrs, status);
  const [self, node] = [given.nodes.get('idp')!, given.nodes.get(name)!];
  return whoisAnswer(given, self, node)['UserProfile'] as { Groups?: readonly string[] };
}

const everything = [
  'group:admin',
  'group:all-sales',
  'group:eng',
  'group:sales@example.com',
  'ops@example.com',
];

describe('UserProfile.Groups', () => {
  test.each<[string, string, object, readonly string[] | undefined]>([
    ['all, sorted', 'alice', visible('tag:idp', '*'), everything],
    ['of somebody else', 'bob', visible('tag:idp', '*'), ['group:all-sales', 'group:eng']],
    ['by name', 'alice', visible('tag:idp', 'group:eng', 'group:other'), ['group:eng']],
    [
      'by the other spelling',
      'alice',
      visible('tag:idp', 'group:ops@example.com'),
      ['ops@example.com'],
    ],
    ['everywhere', 'bob', visible('*', 'group:eng'), ['group:eng']],
    ['to no node', 'alice', {}, undefined],
    ['to another node', 'alice', visible('tag:ci', '*'), undefined],
    ['names that the person is not in', 'bob', visible('tag:idp', 'group:admin'), undefined],
    ['no names', 'alice', visible('tag:idp'), undefined],
    ['a tagged node', 'ci', visible('tag:idp', '*'), undefined],
    ['a member of another tailnet', 'mallory', visible('tag:idp', '*'), undefined],
  ])('%s', async (_, name, nodeAttrs, expected) => {
    const profile = await groupsOf(name, nodeAttrs);
    expect(profile.Groups).toEqual(expected);
    expect('Groups' in profile).toBe(expected !== undefined);
  });

  test.each([
    ['1.96.4', false],
    ['1.97.7', false],
    ['1.97.8', true],
    ['1.98.0-dev', true],
    ['2.0', true],
  ])('tailscaled %s', async (version, told) => {
    const { Groups } = await groupsOf('alice', visible('tag:idp', '*'), { version });
    expect(Groups !== undefined).toBe(told);
  });
});

test('our node has the attributes of the policy', async () => {
  const { Self } = statusJson(await tailnet(visible('tag:idp', '*')), false) as {
    Self: { CapMap: object };
  };
  expect(Self.CapMap).toMatchObject({
    funnel: [],
    'tailscale.com/visible-groups': [{ groups: ['*'] }],
  });
});
