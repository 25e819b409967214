import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { printable, printJson, printTable } from '../../src/cli/print.ts';
import { makeCli } from './run.ts';

const uri = 'https://grafana.example/cb';
const fromFile = {
  id: 'gitea',
  secret: 'gitea has this one',
  redirectUris: ['https://gitea.example/'],
};

const makeFilledCli = async () => {
  const cli = makeCli();
  const file = join(cli.parent, 'tsidp.jsonc');
  const add = ['clients', 'add', '--redirect-uri', uri];
  const { out } = await cli.run([...add, '--id', 'grafana', '--name', 'Grafana']);
  await cli.run([...add, '--id', 'spa', '--public', '--login', 'clickless']);
  await cli.run([...add, '--id', 'gitea']);
  writeFileSync(file, JSON.stringify({ clients: [fromFile] }));
  const secret = /client secret +([\w-]{43}) /u.exec(out)?.[1] ?? '';
  return { ...cli, config: ['--config', file], secret };
};

test('clients list shows both sources, and no secret', async () => {
  const { run, config, secret } = await makeFilledCli();
  const { out } = await run(['clients', 'list', ...config]);
  expect(out).toBe(
    [
      'ID       NAME     AUTHENTICATION      LOGIN      FROM                     REDIRECT URIS',
      'gitea    gitea    secret (chosen)     default    config                   https://gitea.example/',
      'grafana  Grafana  secret (generated)  default    cli                      https://grafana.example/cb',
      'spa      spa      none                clickless  cli                      https://grafana.example/cb',
      'gitea    gitea    secret (generated)  default    cli, shadowed by config  https://grafana.example/cb',
      '',
    ].join('\n'),
  );
  const json = await run(['clients', 'list', '--json', ...config]);
  expect(JSON.parse(json.out)).toMatchObject([
    { id: 'gitea', source: 'config', secret: 'chosen', shadowed: false },
    { id: 'grafana', source: 'cli', secret: 'generated', metadata: { redirect_uris: [uri] } },
    { id: 'spa', secret: 'none' },
    { id: 'gitea', source: 'cli', shadowed: true },
  ]);
  for (const text of [out, json.out]) {
    expect(text).not.toContain(secret);
    expect(text).not.toContain(fromFile.secret);
    expect(text).not.toContain('hmac-sha256:');
  }
});

test('clients show prints one, the file’s before the database’s', async () => {
  const { run, config, secret } = await makeFilledCli();
  const grafana = await run(['clients', 'show', 'grafana', ...config]);
  expect(grafana.out).toContain('id: grafana\nsource: cli\nsecret: generated\n');
  expect(grafana.out).toContain(`redirect_uris: ${uri}\n`);
  expect(grafana.out).not.toContain(secret);
  expect(grafana.out).not.toContain('hmac-sha256:');
  const gitea = await run(['clients', 'show', 'gitea', '--json', ...config]);
  expect(JSON.parse(gitea.out)).toMatchObject({ source: 'config', createdAt: null });
  expect(gitea.out).not.toContain(fromFile.secret);
  const nobody = await run(['clients', 'show', 'nobody']);
  expect([nobody.exitCode, nobody.out]).toEqual([1, '']);
  expect(nobody.err).toMatch(/no client "nobody" in .*tsidp\.db/u);
  expect((await run(['clients', 'show'])).err).toMatch(/an argument is missing/u);
});

test('looking makes no database', async () => {
  const cli = makeCli();
  expect((await cli.run(['clients', 'list'])).out).toMatch(/^no clients yet/u);
  expect((await cli.run(['clients', 'list', '--json'])).out).toBe('[]\n');
  await cli.run(['clients', 'show', 'x']);
  await cli.run(['clients', 'remove', 'x']);
  expect(existsSync(cli.directory)).toBe(false);
});

test('no name steers the terminal', () => {
  const name = 'App\u001b[2K\u009b\u202e\r\n';
  expect(printable(name)).toBe('App\ufffd[2K\ufffd\ufffd\ufffd\ufffd');
  expect(printTable([['A'], [name]])).toBe('A\nApp\ufffd[2K\ufffd\ufffd\ufffd\ufffd\n');
  const json = printJson({ name });
  expect(json).toBe('{\n  "name": "App\\u001b[2K\\u009b\\u202e\\r\\n"\n}\n');
  expect(JSON.parse(json)).toEqual({ name });
});
