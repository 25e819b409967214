import { existsSync, mkdirSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { runningClients } from '../../src/cli/clients-of-daemon.ts';
import { auditLog } from '../world/audit-log.ts';
import { Browser } from '../world/browser.ts';
import { openSite } from '../world/daemon-process.ts';
import { startWorld, type World } from '../world/world.ts';
import { makeCli } from './run.ts';

const uri = 'https://wiki.test/cb';
const add = ['clients', 'add', '--id', 'wiki', '--name', 'Wiki', '--redirect-uri', uri];

const startedWorld = async (): Promise<World> => {
  const world = await startWorld({ clients: [{ id: 'gitea', redirectUris: ['https://g.test/'] }] });
  onTestFinished(() => world[Symbol.asyncDispose]());
  return world;
};

/** The command line on the state directory of that daemon, without its configuration file. */
const cliFor = ({ directory }: { directory: string }) =>
  makeCli({ TSIDP_STATE_DIR: join(directory, 'state') });

/** Everything that the commands can do and refuse, in this order. */
const sequence: readonly (readonly [argv: readonly string[], stdin?: string])[] = [
  [['clients', 'list']],
  [['clients', 'list', '--json']],
  [add],
  [add],
  [[...add.with(3, 'json'), '--json', '--login', 'confirm', '--require-group', 'wiki']],
  [[...add.with(3, 'chosen'), '--secret-stdin'], 'a secret that I chose'],
  [[...add.with(3, 'spa'), '--public', '--json']],
  [['clients', 'add', '--id', 'ci', '--peer-tag', 'tag:ci', '--json']],
  [['clients', 'add', '--id', 'ci2', '--peer-tag', 'ci']],
  [['clients', 'show', 'ci']],
  [add.with(7, 'javascript:x')],
  [[...add, '--scope', 'a b', '--access', 'nobody']],
  [[...add.with(3, 'short'), '--secret-stdin'], 'short'],
  [['clients', 'show', 'wiki']],
  [['clients', 'show', 'json', '--json']],
  [['clients', 'show', 'nobody']],
  [['clients', 'rotate-secret', 'wiki']],
  [['clients', 'rotate-secret', 'wiki', '--json']],
  [['clients', 'rotate-secret', 'wiki', '--secret-stdin'], 'another one of mine'],
  [['clients', 'rotate-secret', 'wiki', '--secret-stdin'], 'tiny'],
  [['clients', 'rotate-secret', 'spa']],
  [['clients', 'rotate-secret', 'nobody']],
  [['clients', 'remove', 'json', '--json']],
  [['clients', 'remove', 'wiki']],
  [['clients', 'remove', 'wiki']],
  [['clients', 'list']],
];

/** What differs from one run to the next. */
const settled = (text: string, directory: string): string =>
  text
    .replaceAll(directory, 'DIRECTORY')
    .replace(/[\w-]{43}/gu, 'SECRET')
    .replace(/20\d\d-\d\d-\d\dT[\d:.]+Z/gu, 'TIME');

describe('on a running daemon', () => {
  test('every command says the same as on a stopped one, and is recorded alike', async () => {
    const world = await startWorld({ clients: [] });
    onTestFinished(() => world[Symbol.asyncDispose]());
    const running = cliFor(world);
    const stopped = makeCli();

    for (const [argv, stdin] of sequence) {
      const live = await running.run(argv, stdin);
      const still = await stopped.run(argv, stdin);
      const state = join(world.directory, 'state');
      expect(settled(live.out, state), argv.join(' ')).toBe(settled(still.out, stopped.directory));
      expect(settled(live.err, state), argv.join(' ')).toBe(settled(still.err, stopped.directory));
      expect(live.exitCode).toBe(still.exitCode);
    }

    const changes = auditLog(world.directory).filter(({ event }) => event === 'client');
    const beside = (await stopped.withStore((store) => store.audit.list(100))).toReversed();
    expect(changes.map(({ detail }) => detail)).toEqual(beside.map(({ detail }) => detail));
    expect(changes).toHaveLength(10);
    for (const { detail } of changes) expect(detail).toMatchObject({ by: 'cli' });
  });

  test('it is the daemon that answers: it knows its own configuration', async () => {
    const cli = cliFor(await startedWorld());
    expect((await cli.run(['clients', 'list'])).out).toMatch(/^gitea +gitea +none .* config /mu);
    for (const argv of [
      ['clients', 'remove', 'gitea'],
      ['clients', 'rotate-secret', 'gitea'],
    ]) {
      const { exitCode, err } = await cli.run(argv);
      expect([exitCode, err]).toEqual([1, expect.stringMatching(/change it there and restart/u)]);
    }
    const taken = await cli.run(add.with(3, 'gitea'));
    expect(taken.err).toMatch(
      /"gitea" is declared in the configuration file: choose another --id/u,
    );
  });

  test('the daemon acts by it at once', async () => {
    const world = await startedWorld();
    const cli = cliFor(world);
    const secretOf = ({ out }: { out: string }) => String(JSON.parse(out).client_secret);
    const status = async (secret: string): Promise<number> =>
      (await logIn(world.issuer, 'wiki', secret)).status;

    expect(await status('none yet')).toBe(400);
    const first = secretOf(await cli.run([...add, '--json']));
    expect(await status(first)).toBe(200);
    await cli.run(['clients', 'rotate-secret', 'wiki', '--secret-stdin'], 'one of my own');
    expect([await status(first), await status('one of my own')]).toEqual([401, 200]);
    // remembered as right by now, which must not outlive it
    const answer = await logIn(world.issuer, 'wiki', 'one of my own');
    const third = secretOf(await cli.run(['clients', 'rotate-secret', 'wiki', '--json']));
    expect([await status('one of my own'), await status(third)]).toEqual([401, 200]);
    const headers = { authorization: `Bearer ${JSON.parse(answer.body).access_token}` };
    const userinfo = () => new Browser().open(`${world.issuer}/userinfo`, { headers });
    expect((await userinfo()).status).toBe(200);
    await cli.run(['clients', 'remove', 'wiki']);
    expect((await userinfo()).status).toBe(401);
    expect(await status(third)).toBe(400);
    for (const secret of [first, 'one of my own', third]) {
      expect(world.logged()).not.toContain(secret);
      expect(JSON.stringify(auditLog(world.directory))).not.toContain(secret);
    }
  });
});

describe('a socket that is no running daemon', () => {
  test('was left by one that was killed: the database does', async () => {
    await using site = await openSite();
    const run = await site.start();
    await run.kill('SIGKILL');
    expect(existsSync(join(site.stateDirectory, 'admin.sock'))).toBe(true);
    const cli = makeCli({ TSIDP_STATE_DIR: site.stateDirectory });
    expect((await cli.run(add)).exitCode).toBe(0);
    expect((await cli.run(['clients', 'list'])).out).toContain('Wiki');
  });

  test('has a path that no socket can have: the database does', async () => {
    const cli = makeCli();
    const deep = makeCli({ TSIDP_STATE_DIR: join(cli.parent, 'd'.repeat(120)) });
    expect((await deep.run(add)).exitCode).toBe(0);
  });

  const listenAt = async (server: Server, directory: string): Promise<void> => {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(join(directory, 'admin.sock'), resolve);
    await promise;
    onTestFinished(() => void server.close());
  };

  test('hangs: nothing is changed beside it', async () => {
    const cli = makeCli();
    await listenAt(createServer(), cli.directory);
    await expect(runningClients(cli.directory, 200)).rejects.toThrow(
      /admin\.sock: the running daemon did not answer within 0\.2 s/u,
    );
  });

  test.each([
    [404, '{"error":"invalid_request","error_description":"nothing"}', /another version/u],
    [503, '{"error":"temporarily_unavailable","error_description":"shutting down"}', /shutting/u],
    [500, '<html>\u001b[2K', /HTTP 500/u],
  ])('answers %i: nothing is changed beside it', async (status, body, says) => {
    const cli = makeCli();
    const server = createHttpServer(({ url }, response) => {
      response.writeHead(url === '/healthz' ? 200 : status).end(body);
    });
    await listenAt(server, cli.directory);
    const { exitCode, err } = await cli.run(add);
    expect([exitCode, err]).toEqual([1, expect.stringMatching(says)]);
    expect(err).not.toContain('\u001b');
    expect(existsSync(join(cli.directory, 'tsidp.db'))).toBe(false);
  });
});

/** The code flow without PKCE, as tsidp's confidential clients know it. */
async function logIn(issuer: string, id: string, secret: string) {
  const query = new URLSearchParams({
    client_id: id,
    redirect_uri: uri,
    response_type: 'code',
    scope: 'openid',
  });
  const browser = new Browser();
  const answer = await browser.open(`${issuer}/authorize?${query}`);
  const code = answer.location?.searchParams.get('code');
  if (code == null) return answer;
  const form = { grant_type: 'authorization_code', code, redirect_uri: uri };
  const basic = Buffer.from(`${id}:${encodeURIComponent(secret)}`).toString('base64');
  return browser.open(`${issuer}/token`, { form, headers: { authorization: `Basic ${basic}` } });
}
