import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commands, findCommand } from '../../src/cli/commands.ts';
import { ConfigError } from '../../src/config/config.ts';
import { makeCli } from './run.ts';

const root = new URL('../../', import.meta.url);

test.each([[[]], [['--config', 'x']], [['-port', '443']], [['--config', 'help']]])(
  '%j runs the daemon',
  (argv) => {
    expect(findCommand(argv)).toBeUndefined();
  },
);

test('help names every command and flag', async () => {
  const { run } = makeCli();
  for (const argv of [
    ['help'],
    ['--help'],
    ['-help'],
    ['-h'],
    ['help', '--help'],
    ['--port', '1', '--help'],
  ]) {
    const { exitCode, out } = await run(argv);
    expect(exitCode).toBe(0);
    for (const { name } of commands) if (name !== 'help') expect(out).toContain(`  ${name} `);
    expect(out).toContain('--tailscaled-socket PATH');
  }
});

test.each([
  [['help', 'clients', 'add']],
  [['clients', 'add', '--help']],
  [['clients', 'add', '--id', 'x', '-h']],
])('%j explains one command', async (argv) => {
  const { out } = await makeCli().run(argv);
  expect(out).toMatch(/^usage: tsidp clients add /u);
  expect(out).toContain('--redirect-uri URI');
  expect(out).not.toContain('clients list');
});

test('a group alone explains its commands', async () => {
  const { out } = await makeCli().run(['clients']);
  expect(out.match(/^usage: tsidp clients /gmu)).toHaveLength(8);
});

test.each([
  [['clints', 'list'], /no command "clints list"; did you mean "clients list"\?/u],
  [['clients', 'ad'], /no command "clients ad"; did you mean "clients add"\?/u],
  [['serve'], /no command "serve"; "tsidp help" lists them/u],
  [['help', 'serve'], /no command "serve"/u],
])('%j is no command', async (argv, problem) => {
  const { exitCode, out, err } = await makeCli().run(argv);
  expect([exitCode, out]).toEqual([2, '']);
  expect(err).toMatch(problem);
});

test('version is that of the package', async () => {
  const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
  for (const argv of [['version'], ['--version'], ['-version']]) {
    expect((await makeCli().run(argv)).out).toBe(`tsidp ${version}\n`);
  }
});

test('config-schema prints the committed schema', async () => {
  const { out } = await makeCli().run(['config-schema']);
  expect(out).toBe(readFileSync(new URL('config/tsidp.schema.json', root), 'utf8'));
});

describe('config check', () => {
  test('prints what the configuration comes to, secrets masked', async () => {
    const { run, parent, directory } = makeCli({ TSIDP_LOG: 'debug' });
    const file = join(parent, 'tsidp.jsonc');
    writeFileSync(join(parent, 'b'), 'hunter2-of-b');
    const app = { redirectUris: ['https://a.example/'] };
    const clients = [
      { ...app, id: 'a', secret: 'hunter2-of-a' },
      { ...app, id: 'b', secretFile: 'b' },
      { ...app, id: 'c' },
    ];
    writeFileSync(file, JSON.stringify({ clients }));
    const { exitCode, out } = await run(['config', 'check', '--config', file, '--port', '8443']);
    expect(exitCode).toBe(0);
    expect(out).not.toContain('hunter2');
    const config = JSON.parse(out);
    expect(config).toMatchObject({
      stateDirectory: directory,
      listen: [{ port: 8443 }],
      log: { level: 'debug' },
      clients: [{ secret: '(set, not shown)' }, { secret: '(set, not shown)' }, { id: 'c' }],
    });
    expect(config.clients[2]).not.toHaveProperty('secret');
  });

  test('says what is on, and what is strange', async () => {
    const { run, parent } = makeCli();
    const file = join(parent, 'tsidp.jsonc');
    const app = { id: 'a', redirectUris: ['https://a.example/'] };
    const config = {
      clients: [{ ...app, mayAct: { client: 'added' } }],
      resources: [{ uri: 'https://r.example', clients: ['a', 'rs'] }],
      registration: { mode: 'tailnet', quarantine: true },
      metadataDocuments: { mode: 'off' },
      tokenExchange: { enabled: false },
    };
    writeFileSync(file, JSON.stringify(config));
    const { exitCode, out, err } = await run(['config', 'check', '--config', file]);
    expect(exitCode).toBe(0);
    const remark = 'is declared nowhere here; it may be one that "tsidp clients add" added';
    const warnings = [
      `resources[0].clients: "rs" ${remark}`,
      `clients[0].mayAct: "added" ${remark}`,
      'clients[0].mayAct: does nothing while tokenExchange.enabled is false',
    ];
    expect(err.split('\n')).toEqual([
      'apps: 1, resources: 1, registration: tailnet with quarantine, metadata documents: off, token exchange: off',
      ...warnings.map((text) => `warning: ${text}`),
      '',
    ]);
    expect(JSON.parse(out)).toMatchObject({ warnings, metadataDocuments: { pinned: [] } });
  });

  test('throws what is wrong for main to print', async () => {
    const { run, parent } = makeCli();
    const file = join(parent, 'tsidp.jsonc');
    writeFileSync(file, '{"isuer": 1}');
    await expect(run(['config', 'check', '--config', file])).rejects.toThrow(ConfigError);
    await expect(run(['config', 'check', '--config', file])).rejects.toThrow(
      /did you mean "issuer"/u,
    );
  });
});

describe('resources list', () => {
  const resources = [
    {
      uri: 'https://notes.example/mcp',
      name: 'Notes',
      scopes: { 'notes:read': 'Read', 'notes:write': 'Change' },
      openScopes: ['notes:read'],
      clients: ['rs'],
    },
    { uri: 'https://deploy.example', tokenFormat: 'opaque', ttlSeconds: 3600 },
  ];

  test('prints what is declared', async () => {
    const { run, parent } = makeCli();
    const file = join(parent, 'tsidp.jsonc');
    writeFileSync(file, JSON.stringify({ resources }));
    const list = ['resources', 'list', '--config', file];
    expect((await run(list)).out).toBe(
      [
        'URI                        NAME   TOKENS     LIFE    CLIENTS  SCOPES',
        'https://notes.example/mcp  Notes  jwt RS256  900 s   rs       notes:read (open), notes:write',
        'https://deploy.example            opaque     3600 s  -',
        '',
      ].join('\n'),
    );
    expect(JSON.parse((await run([...list, '--json'])).out)).toMatchObject(resources);
  });

  test('says so when there is none', async () => {
    expect((await makeCli().run(['resources', 'list'])).out).toMatch(/^no resources: /u);
  });
});
