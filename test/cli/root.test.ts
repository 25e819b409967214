import { chmodSync, chownSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeCli } from './run.ts';

const isRoot = process.getuid?.() === 0;
/** The daemon's user: somebody else than root, where the tests may make it so. */
const daemon = isRoot ? 65_534 : (process.getuid?.() ?? 0);

/** A state directory of the daemon's user, with an app. */
async function daemonState() {
  const cli = makeCli();
  await cli.run([
    'clients',
    'add',
    '--id',
    'a',
    '--name',
    'A',
    '--redirect-uri',
    'https://a.test/',
  ]);
  chmodSync(cli.parent, 0o755);
  for (const path of [
    cli.directory,
    ...readdirSync(cli.directory).map((name) => join(cli.directory, name)),
  ]) {
    chownSync(path, daemon, daemon);
  }
  return cli;
}

test.each([
  [['clients', 'list'], /A +secret/],
  [
    ['clients', 'add', '--id', 'b', '--name', 'B', '--redirect-uri', 'https://b.test/'],
    /client ID +b/,
  ],
  [['clients', 'remove', 'a'], /removed a/],
  [['tokens', 'list'], /no tokens/],
  [['consents', 'list'], /no consents/],
  [['audit'], /action=add/],
  [['audit', 'rotate'], /0 records/],
  [['audit', 'verify'], /sound/],
])('root may run %j, and what it leaves is the daemon’s', async (argv, said) => {
  const cli = await daemonState();
  const { exitCode, out, err } = await cli.run(argv);
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
  expect(out).toMatch(said);
  expect(process.geteuid?.()).toBe(process.getuid?.());
  const owners = readdirSync(cli.directory).map((name) => statSync(join(cli.directory, name)).uid);
  expect(new Set(owners)).toEqual(new Set([daemon]));
});
