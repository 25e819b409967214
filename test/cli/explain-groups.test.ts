import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { company, makeTailnetCli, policyOf } from './tailnet.ts';

const clients = [
  { id: 'wiki', redirectUris: ['https://wiki.test/cb'] },
  { id: 'eng', redirectUris: ['https://eng.test/cb'], requires: { groups: ['group:eng'] } },
  { id: 'few', redirectUris: ['https://few.test/cb'], claims: { tailnetGroups: ['group:eng'] } },
];
const nodeAttrs = [
  { target: ['tag:idp'], app: { 'tailscale.com/visible-groups': [{ groups: ['*'] }] } },
];
const groups = { 'group:eng': ['alice@example.com'] };
const rules = policyOf({ '*': [{ groups: ['dev'] }] }) as object;

/** What live and offline explain alike. */
async function explain(policy: object, ...argv: string[]) {
  const cli = await makeTailnetCli({ ...company, policy: policy as never });
  const write = (name: string, value: unknown) => {
    writeFileSync(join(cli.parent, name), JSON.stringify(value));
    return join(cli.parent, name);
  };
  const config = ['--config', write('tsidp.jsonc', { clients })];
  const files = ['--tailnet', write('tailnet.json', company), '--policy', write('p.json', policy)];
  const live = await cli.run(['explain', ...config, ...cli.socket, ...argv]);
  const offline = await cli.run(['explain', ...config, ...files, ...argv]);
  expect(offline.out).toBe(live.out);
  return { out: live.out, err: offline.err, cli, config };
}

test('groups of the tailnet count and are listed, live and offline', async () => {
  const visible = { ...rules, groups, nodeAttrs };
  const alice = await explain(visible, '--as', 'alice-laptop', '--client', 'eng');
  expect(alice.out).toMatch(
    /may enter eng\.[\s\S]*is in a required group[\s\S]*Groups: dev, group:eng\n/,
  );
  const bob = await explain(visible, '--as', 'bob', '--client', 'eng');
  expect(bob.out).toMatch(/may not enter eng/);
});

test('where they are not visible, that is said', async () => {
  const { out } = await explain({ ...rules, groups }, '--as', 'alice-laptop', '--client', 'eng');
  expect(out).toMatch(/may not enter eng: .*cannot see which groups of the tailnet/);
  expect(out).toMatch(/requires\.groups: .*visible-groups/);
});

test('T14 too many for a token is said of the app that is told of none', async () => {
  const many = Object.fromEntries(
    Array.from({ length: 300 }, (_, index) => [`group:${index}`, ['alice@example.com']]),
  );
  const policy = { ...rules, groups: { ...groups, ...many }, nodeAttrs };
  const wiki = await explain(policy, '--as', 'alice-laptop', '--client', 'wiki');
  expect(wiki.out).toMatch(/Note: 301 groups of the tailnet are too many/);
  const few = await explain(policy, '--as', 'alice-laptop', '--client', 'few');
  expect(few.out).not.toContain('too many');
});

test('whois shows them, and says where none are visible', async () => {
  const { cli, config } = await explain(
    { ...rules, groups, nodeAttrs },
    '--as',
    'bob',
    '--client',
    'wiki',
  );
  const whois = async (address: string) =>
    (await cli.run(['whois', ...config, ...cli.socket, address])).out;
  expect(await whois('100.64.0.3')).toMatch(/^groups +dev, group:eng$/m);
  expect(await whois('100.64.0.4')).toMatch(/^tailnetGroups +not visible/m);
  expect(await whois('100.64.0.6')).not.toContain('tailnetGroups');
});

test.each([
  ['members', 'autogroup:member'],
  ['Member', 'autogroup:member'],
  ['taged', 'autogroup:tagged'],
  ['admins', 'autogroup:admin'],
  ['networkadmin', 'autogroup:network-admin'],
  ['nonroot', undefined],
  ['everybody', undefined],
])('a misspelled autogroup:%s is refused with the right name', async (name, meant) => {
  const { cli, config } = await explain(rules, '--as', 'bob', '--client', 'wiki');
  const selector = `autogroup:${name}`;
  const files = [
    { grants: [{ src: [selector], dst: ['tag:idp'], app: {} }] },
    { grants: [{ src: ['*'], dst: [selector], app: {} }] },
    { nodeAttrs: [{ target: [selector], attr: ['funnel'] }] },
  ];
  for (const [index, policy] of files.entries()) {
    const [tailnet, file] = ['tailnet.json', `wrong-${index}.json`].map((one) =>
      join(cli.parent, one),
    );
    writeFileSync(file!, JSON.stringify(policy));
    const flags = ['--tailnet', tailnet!, '--policy', file!, '--as', 'bob', '--client', 'wiki'];
    const { exitCode, out, err } = await cli.run(['explain', ...config, ...flags]);
    expect([exitCode, out]).toEqual([1, '']);
    expect(err).toMatch(/(src|dst|target)\[0\]: "autogroup:.*is no autogroup/);
    expect(err).toContain(meant === undefined ? 'there are autogroup:member' : `write "${meant}"`);
  }
});

test.each<[string, object]>([
  ['itself', {}],
  ['inside a group of the policy', { groups: { 'group:sellers': ['group:sales@example.com'] } }],
])(
  'a synchronised group, %s, is undecidable offline: said so, and never counted as given',
  async (_, more) => {
    const src = 'groups' in more ? 'group:sellers' : 'group:sales@example.com';
    const policy = {
      ...more,
      grants: [
        {
          src: [src],
          dst: ['tag:idp'],
          app: { 'tailscale.com/cap/tsidp': [{ groups: ['sales'] }] },
        },
        { src: [src], dst: ['tag:ci'], app: { 'tailscale.com/cap/tsidp': [{}] } },
      ],
    };
    const { out, err, cli, config } = await explain(policy, '--as', 'carol', '--client', 'wiki');
    expect(out).not.toContain('sales');
    expect(err).toMatch(/grants\[0\] is undecidable here: .*identity provider.*not given/);
    expect(err).not.toContain('grants[1]');
    // a machine is in none
    expect((await explain(policy, '--as', 'ci', '--client', 'wiki')).err).not.toContain(
      'undecidable',
    );
    // unless the tailnet file knows
    for (const [known, gets] of [
      [['group:sales@example.com'], true],
      [['sales@example.com'], true],
      [[], false],
    ] as const) {
      const tailnet = join(cli.parent, 'known.json');
      const users = { ...company.users, carol: { id: 3, groups: known } };
      writeFileSync(tailnet, JSON.stringify({ ...company, users }));
      const files = ['--tailnet', tailnet, '--policy', join(cli.parent, 'p.json')];
      const answer = await cli.run([
        'explain',
        ...config,
        ...files,
        '--as',
        'carol',
        '--client',
        'wiki',
      ]);
      expect(answer.out.includes('Groups: sales')).toBe(gets);
      expect(answer.err).not.toContain('undecidable');
    }
  },
);
