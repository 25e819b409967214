import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { lockDirectory } from '../../src/store/sqlite/lock.ts';
import { databasePath } from '../../src/store/sqlite/open.ts';
import { makeCli } from './run.ts';

type Cli = ReturnType<typeof makeCli>;

const addApp = (cli: Cli, name: string) =>
  cli.run([
    'clients',
    'add',
    '--id',
    name,
    '--name',
    name,
    '--redirect-uri',
    'https://a.example/cb',
  ]);

const apps = async (cli: Cli): Promise<string[]> => {
  const { out } = await cli.run(['clients', 'list', '--json']);
  return (JSON.parse(out) as { id: string }[]).map(({ id }) => id);
};

async function backedUp(): Promise<{ cli: Cli; file: string }> {
  const cli = makeCli();
  await addApp(cli, 'early');
  const file = join(cli.parent, 'backup.db');
  const { exitCode, out } = await cli.run(['backup', file]);
  expect(exitCode).toBe(0);
  expect(out).toMatch(/^wrote \S+backup\.db \(\d+ bytes\): signing keys/u);
  return { cli, file };
}

test('a backup is a file of its own, closed to others, and leaves nothing beside it', async () => {
  const { cli, file } = await backedUp();
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(cli.parent).sort()).toEqual(['backup.db', 'state']);
  const { out } = await cli.run(['backup', file, '--json']);
  expect(JSON.parse(out)).toEqual({ file, bytes: statSync(file).size });
});

test('restore brings back what was then, keeps what is now, and says so', async () => {
  const { cli, file } = await backedUp();
  await addApp(cli, 'late');
  const { exitCode, out } = await cli.run(['restore', file]);
  expect(exitCode).toBe(0);
  expect(await apps(cli)).toEqual(['early']);
  const [, old = ''] = /The old one is (\S+)\.\n/u.exec(out) ?? [];
  expect(out).toContain('revoked, removed or rotated since then is valid again');
  expect(statSync(old).mode & 0o777).toBe(0o600);
  await cli.withStore(async ({ audit }) => {
    expect((await audit.list(1))[0]?.detail).toEqual({ action: 'restore', by: 'cli' });
  });

  const back = await cli.run(['restore', old, '--json']);
  expect(JSON.parse(back.out)).toMatchObject({ restored: old });
  expect(await apps(cli)).toEqual(['early', 'late']);
});

test('restore into a directory that has nothing yet', async () => {
  const { file } = await backedUp();
  const cli = makeCli();
  const { out } = await cli.run(['restore', file]);
  expect(out).toContain('There was no database before.');
  expect(await apps(cli)).toEqual(['early']);
});

test('restore refuses while a daemon runs, and touches nothing', async () => {
  const { cli, file } = await backedUp();
  await addApp(cli, 'late');
  const lock = lockDirectory(cli.directory);
  onTestFinished(() => lock.release());
  await expect(cli.run(['restore', file])).rejects.toThrow(/another tsidp \(pid \d+\) uses/u);
  expect(await apps(cli)).toEqual(['early', 'late']);
  expect(readdirSync(cli.directory).filter((name) => /restore/u.test(name))).toEqual([]);
});

test.each<[string, (file: string) => void, RegExp]>([
  [
    'cut in half',
    (file) => writeFileSync(file, readFileSync(file).subarray(0, 8192)),
    /damaged.*Name another file that "tsidp backup" made$/u,
  ],
  ['empty', (file) => writeFileSync(file, ''), /damaged: it is empty/u],
  ['no database', (file) => writeFileSync(file, 'hello, this is text'), /does not begin like/u],
])('restore refuses a backup that is %s', async (_, damage, problem) => {
  const { cli, file } = await backedUp();
  await addApp(cli, 'late');
  damage(file);
  await expect(cli.run(['restore', file])).rejects.toThrow(problem);
  expect(await apps(cli)).toEqual(['early', 'late']);
});

test('restore refuses what is no file', async () => {
  const { cli } = await backedUp();
  await expect(cli.run(['restore', cli.parent])).rejects.toThrow(/is not a file: name one that/u);
  await expect(cli.run(['restore', '/nowhere'])).rejects.toThrow(/is not a file/u);
});

test('restore refuses while another program reads or writes the database', async () => {
  const { cli, file } = await backedUp();
  await cli.withStore(async () => {
    await expect(cli.run(['restore', file])).rejects.toThrow(
      /another program has it open; nothing/u,
    );
  });
  expect((await cli.run(['restore', file])).exitCode).toBe(0);
});

test('a damaged database is replaced, and kept with its log', async () => {
  const { cli, file } = await backedUp();
  const database = databasePath(cli.directory);
  writeFileSync(database, 'not any more');
  writeFileSync(`${database}-wal`, 'a log');
  const { out } = await cli.run(['restore', file]);
  const [, old = ''] = /The old one is (\S+)\.\n/u.exec(out) ?? [];
  expect(readFileSync(old, 'utf8')).toBe('not any more');
  expect(readFileSync(`${old}-wal`, 'utf8')).toBe('a log');
  expect(await apps(cli)).toEqual(['early']);
});

test('a damaged database takes no good backup away', async () => {
  const { cli, file } = await backedUp();
  const good = readFileSync(file);
  const database = databasePath(cli.directory);
  const bytes = readFileSync(database);
  bytes.fill(0xff, 8192, 12_288);
  writeFileSync(database, bytes);
  await expect(cli.run(['backup', file])).rejects.toThrow(/cannot copy .* is damaged/u);
  expect(readFileSync(file).equals(good)).toBe(true);
  expect(readdirSync(cli.parent).sort()).toEqual(['backup.db', 'state']);
});

test('a backup needs a database, and a place that is not its own', async () => {
  const cli = makeCli();
  expect((await cli.run(['backup', join(cli.parent, 'b')])).err).toContain(
    'there is no database in',
  );
  expect(existsSync(cli.directory)).toBe(false);
  await addApp(cli, 'early');
  for (const name of ['tsidp.db', 'tsidp.db-wal']) {
    const { exitCode, err } = await cli.run(['backup', join(cli.directory, name)]);
    expect([exitCode, err]).toEqual([1, expect.stringContaining('belongs to the daemon')]);
  }
  expect((await cli.run(['backup', cli.parent])).err).toContain(
    'is not a file: name the file to write',
  );
  expect((await cli.run(['backup', join(cli.parent, 'none', 'b.db')])).err).toMatch(
    /there is no directory \S+none: make it first/u,
  );
  const { exitCode, err } = await cli.run(['backup']);
  expect([exitCode, err]).toEqual([2, expect.stringContaining('an argument is missing')]);
});

test('a backup says that the identity of a node of our own is not in it', async () => {
  const { cli, file } = await backedUp();
  writeFileSync(join(cli.directory, 'tailscaled.state'), '{}');
  expect((await cli.run(['backup', file])).out).toContain(join(cli.directory, 'tailscaled.state'));
});

const healthServer = async (where: string | number, status: number, body: unknown) => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.headers.host} ${request.url}`);
    response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => {
    server.listen(where as string, resolve);
  });
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return { asked, url: `http://127.0.0.1:${port}` };
};

test('health says what was turned away', async () => {
  const { url } = await healthServer(0, 200, {
    status: 'ready',
    dropped: { idleConnections: 312, ofALaterVersion: 1 },
  });
  const { exitCode, out } = await makeCli().run(['health', '--url', url]);
  expect(exitCode).toBe(0);
  expect(out).toMatch(/^ready\nsince the start: 312 idle connections closed: .*\n$/);
});

test('health asks the admin socket of the state directory', async () => {
  const cli = makeCli();
  expect(await cli.run(['health'])).toEqual({
    exitCode: 1,
    out: '',
    err: `tsidp: not healthy: ${cli.directory}/admin.sock: no daemon is listening there (not started yet, or waiting for tailscaled)\n`,
  });
  mkdirSync(cli.directory);
  const { asked } = await healthServer(join(cli.directory, 'admin.sock'), 200, { status: 'ready' });
  expect(await cli.run(['health'])).toEqual({ exitCode: 0, out: 'ready\n', err: '' });
  expect(await cli.run(['health', '--live'])).toEqual({ exitCode: 0, out: 'alive\n', err: '' });
  expect(asked).toEqual(['localhost /readyz', 'localhost /healthz']);
});

test('health asks elsewhere, and prints the reason', async () => {
  const cli = makeCli();
  const problems = ['tailscaled is NeedsLogin', 'too many \u001b[2J'];
  const { url, asked } = await healthServer(0, 503, { problems });
  const { exitCode, err } = await cli.run(['health', '--url', `${url}/x`]);
  expect([exitCode, err]).toEqual([
    1,
    'tsidp: not healthy: tailscaled is NeedsLogin; too many \uFFFD[2J\n',
  ]);
  expect(asked[0]).toMatch(/^127\.0\.0\.1:\d+ \/readyz$/u);
  const other = await healthServer(join(cli.parent, 's'), 404, 'no');
  expect((await cli.run(['health', '--socket', join(cli.parent, 's')])).err).toContain('HTTP 404');
  expect(other.asked).toHaveLength(1);
});

test('health is told one place', async () => {
  const cli = makeCli();
  expect((await cli.run(['health', '--url', 'x:y'])).exitCode).toBe(2);
  expect((await cli.run(['health', '--url', 'http://x', '--socket', '/s'])).exitCode).toBe(2);
});
