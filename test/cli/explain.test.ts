import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { company, makeTailnetCli, policyOf } from './tailnet.ts';

const clients = [
  { id: 'grafana', name: 'Grafana', redirectUris: ['https://grafana.test/cb'] },
  { id: 'wiki', access: 'open', redirectUris: ['https://wiki.test/cb'] },
  {
    id: 'vault',
    name: 'Vault',
    requires: { device: { os: ['linux'] } },
    redirectUris: ['https://vault.test/cb'],
  },
];
const policy = policyOf({
  'alice@example.com': [
    { clients: ['grafana', 'vault'], groups: ['admins', 'dev'] },
    { scopes: [{ resource: 'https://mcp.test/', scopes: ['mcp:read'] }] },
  ],
  'bob@example.com': [{ clients: 'malformed' }],
});

/** The same question to the live tailscaled and to files. */
async function makeBoth(given: typeof policy = policy) {
  const cli = await makeTailnetCli({ ...company, policy: given });
  const config = join(cli.parent, 'tsidp.jsonc');
  const tailnet = join(cli.parent, 'tailnet.json');
  const policyFile = join(cli.parent, 'policy.hujson');
  const capabilityScopes = [
    { capability: 'example.com/cap/tools', pointer: '/may', prefix: 'mcp:' },
  ];
  const resources = [
    {
      uri: 'https://mcp.test',
      scopes: Object.fromEntries(
        ['mcp:read', 'mcp:write', 'mcp:admin', 'mcp:ping'].map((scope) => [scope, scope]),
      ),
      openScopes: ['mcp:ping'],
    },
  ];
  const written = { access: 'granted', clients, capabilityScopes, resources };
  writeFileSync(config, JSON.stringify(written));
  writeFileSync(tailnet, JSON.stringify(company));
  writeFileSync(policyFile, `// comments are fine\n${JSON.stringify(given)}`);
  const files = ['--tailnet', tailnet, '--policy', policyFile];
  return {
    ...cli,
    files,
    live: (...argv: string[]) => cli.run(['explain', '--config', config, ...cli.socket, ...argv]),
    offline: (...argv: string[]) => cli.run(['explain', '--config', config, ...files, ...argv]),
  };
}

const alice = `alice@example.com on alice-laptop.tailnet.test may enter Grafana (grafana).
  rule 0: clients: allows this app
Groups: admins, dev

alice@example.com on alice-phone.tailnet.test may enter Grafana (grafana).
  rule 0: clients: allows this app
Groups: admins, dev
`;
const bob = `bob@example.com on bob.tailnet.test may not enter Grafana (grafana): no grant of the tailnet policy lets you enter Grafana.
  rule 0: rule: ignored, malformed: clients must be a list of texts
  access: granted: no rule names this app
This grant in the tailnet policy would change that:
{
  "src": ["bob@example.com"],
  "dst": ["tag:idp"],
  "app": {
    "tailscale.com/cap/tsidp": [{ "clients": ["grafana"] }],
  },
},
`;
const ci = `ci.tailnet.test (tag:ci) may not enter Grafana (grafana): this device is a machine (tag:ci), not a person, and no grant of the tailnet policy lets it log in to apps (machine_login).
  machine_login: no rule lets this machine log in to apps
  access: granted: no rule names this app
This grant in the tailnet policy would change that:
{
  "src": ["tag:ci"],
  "dst": ["tag:idp"],
  "app": {
    "tailscale.com/cap/tsidp": [{ "machine_login": true, "clients": ["grafana"] }],
  },
},
`;

describe('explain says the same live and from files', () => {
  test.each([
    ['alice@example.com', 'grafana', alice],
    ['bob@example.com', 'grafana', bob],
    ['100.64.0.4', 'grafana', bob],
    ['fd7a:115c:a1e0::4', 'grafana', bob],
    ['bob', 'grafana', bob],
    ['tag:ci', 'grafana', ci],
    ['carol@', 'wiki', /^carol on carol\.tailnet\.test may enter wiki\.\n {2}access: open/],
    ['alice-phone', 'vault', /only for devices with linux[\s\S]*No grant of the tailnet policy/],
    ['100.64.0.7', 'grafana', /is nobody here \(foreign\)/],
    ['100.64.0.2', 'grafana', /is nobody here \(self\)/],
  ])('%s to %s', async (who, client, expected) => {
    const { live, offline } = await makeBoth();
    const question = ['--as', who, '--client', client];
    const now = await live(...question);
    const before = await offline(...question);
    expect(now).toMatchObject({ exitCode: 0, err: '' });
    if (typeof expected === 'string') expect(now.out).toBe(expected);
    else expect(now.out).toMatch(expected);
    expect(before.out).toBe(now.out);
    expect(before.err).toContain('"acls" carry no capabilities');
    const { out } = await live(...question, '--json');
    expect(JSON.parse(out)).not.toEqual([]);
    expect((await offline(...question, '--json')).out).toBe(out);
  });

  test('scopes, of rules and of other capabilities', async () => {
    const grants = [
      ...(policy as { grants: object[] }).grants,
      {
        src: ['alice@example.com'],
        dst: ['tag:idp'],
        app: { 'example.com/cap/tools': [{ may: ['write'] }] },
      },
    ];
    const { live, offline } = await makeBoth({ grants });
    const scopes = ['openid', 'mcp:read', 'mcp:write', 'mcp:admin'];
    const question = [
      ...['--as', 'alice-laptop', '--client', 'grafana', '--resource', 'https://mcp.test'],
      ...scopes.flatMap((scope) => ['--scope', scope]),
    ];
    const { out } = await live(...question);
    expect(out).toContain('Scopes: openid mcp:read mcp:write\nRefused: mcp:admin\n');
    expect(out).toContain('rule 1: scopes: mcp:read: granted');
    expect(out).toContain('example.com/cap/tools: mcp:write: granted');
    expect(out).toContain('"scopes": ["mcp:admin"]');
    expect((await offline(...question)).out).toBe(out);
  });

  test('scopes of the resource as it is declared: open ones for all, unknown ones for nobody', async () => {
    const { live, offline } = await makeBoth();
    const question = ['--as', 'alice-laptop', '--client', 'grafana', '--resource'];
    const declared = [...question, 'https://mcp.test/'];
    const { out } = await live(...declared);
    expect(out).toContain('Resource: https://mcp.test/: declared in the configuration\n');
    expect(out).toContain('Scopes: mcp:read mcp:ping\nRefused: mcp:write mcp:admin\n');
    expect(out).toContain('resource: mcp:ping: open to all');
    expect((await offline(...declared)).out).toBe(out);

    const made = await live(...declared, '--scope', 'mcp:rea', '--scope', 'mcp:read', '--json');
    expect(JSON.parse(made.out)[0]).toMatchObject({
      allowed: true,
      resource: { uri: 'https://mcp.test/', known: 'declared' },
      scopes: { granted: ['mcp:read'], refused: ['mcp:rea'] },
    });
    // no grant can give a scope that the resource does not know
    expect(JSON.parse(made.out)[0]).not.toHaveProperty('grant');
  });

  test('a resource that nobody declared: named by a grant, or unknown', async () => {
    const uri = 'https://other.test/mcp';
    const named = { users: ['alice@example.com'], resources: [uri], scopes: ['x:read'] };
    const rules = { 'alice@example.com': [{ clients: ['*'] }, named], carol: [{ clients: ['*'] }] };
    const { live, offline } = await makeBoth(policyOf(rules));
    const question = ['--client', 'grafana', '--scope', 'x:read', '--resource', uri];
    const alice = await live('--as', 'alice-laptop', ...question);
    expect(alice.out).toContain(`Resource: ${uri}: not declared, named by a grant\n`);
    expect(alice.out).toContain('Scopes: x:read\n');
    const carol = await live('--as', 'carol', ...question);
    expect(carol.out).toMatch(/neither declared in the configuration nor named by a grant/);
    expect(carol.out).toContain('Scopes: none\nRefused: x:read\n');
    expect((await offline('--as', 'carol', ...question)).out).toBe(carol.out);
    // what is suggested does it
    const [, text = ''] = /change that:\n([\s\S]*)/.exec(carol.out) ?? [];
    const grant = JSON.parse(text.replaceAll(/,(\s*[}\]])/g, '$1').replace(/,\s*$/, ''));
    const after = await makeBoth({
      grants: [...(policyOf(rules) as { grants: object[] }).grants, grant],
    });
    expect((await after.live('--as', 'carol', ...question)).out).toContain('Scopes: x:read\n');
  });
});

test('a grant with srcPosture is undecidable offline: said so, and never counted as given', async () => {
  const grants = [
    { src: ['*'], dst: ['*'], via: ['tag:router'], app: { 'tailscale.com/cap/tsidp': [{}] } },
    {
      src: ['carol'],
      dst: ['tag:idp'],
      srcPosture: ['posture:fresh'],
      app: { 'tailscale.com/cap/tsidp': [{ clients: ['*'] }] },
    },
  ];
  const { offline } = await makeBoth({ grants });
  const { out, err } = await offline('--as', 'carol', '--client', 'grafana');
  expect(out).toContain('may not enter');
  expect(err).toMatch(/grants\[1\] is undecidable here: its "srcPosture"/);
  expect(err).toMatch(/grants\[0\] is about routing/);
});

test('a client that a command added counts, too', async () => {
  const { run, socket } = await makeTailnetCli({ ...company, policy });
  const uri = ['--redirect-uri', 'https://notes.test/cb'];
  const add = ['clients', 'add', '--id', 'notes', ...uri, '--access', 'granted'];
  await run([...add, '--require-group', 'admins', '--require-tag', 'tag:ci']);
  const { out } = await run(['explain', ...socket, '--as', 'alice-laptop', '--client', 'notes']);
  expect(out).toContain('requires.groups: is in a required group');
  expect(out).toContain('requires.tags: has none of the required tags');
});

test.each([
  [['--client', 'grafana'], 2, /--as: is missing/],
  [['--as', 'bob'], 2, /--client: is missing/],
  [['--as', 'bob', '--client', 'nope'], 1, /there is no client "nope"/],
  [['--as', 'nobody@example.com', '--client', 'grafana'], 1, /nothing in this tailnet is called/],
  [['--as', 'bob', '--client', 'grafana', '--policy', 'x'], 2, /needs --tailnet/],
  [['--as', 'bob', '--client', 'grafana', '--tailnet', '/nowhere'], 1, /nowhere: can't be read/],
])('%j is refused', async (argv, code, message) => {
  const { live } = await makeBoth();
  const { exitCode, out, err } = await live(...argv);
  expect([exitCode, out]).toEqual([code, '']);
  expect(err).toMatch(message);
});

test('without tailscaled the remedy is told', async () => {
  const { live, simulator } = await makeBoth();
  await simulator.stop();
  await expect(live('--as', 'bob', '--client', 'grafana')).rejects.toThrow(/tailscaled/);
});
