import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { fromRow, type StoredAudit } from '../../../src/audit/chain/row.ts';
import { findCommand } from '../../../src/cli/commands.ts';
import { allowInPolicy } from '../../world/allow.ts';
import { Browser } from '../../world/browser.ts';
import { call, codeFor, json, redeem, refresh, tokensOf, userinfo } from '../../world/login.ts';
import { configuration, mcp, tokensFor } from '../../world/resource-world.ts';
import { until } from '../../world/until.ts';
import { clients, startWorld, type World } from '../../world/world.ts';

const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';
const accessToken = 'urn:ietf:params:oauth:token-type:access_token';
const worker = 'https://worker.test';

describe('the audit log of a running daemon', () => {
  let world: World;
  let sink: string;
  beforeAll(async () => {
    world = await startWorld({
      ...configuration,
      resources: [...configuration.resources, { uri: worker, scopes: { read_file: 'Read' } }],
      audit: { sink: { file: 'audit.log' } },
    });
    sink = join(world.directory, 'audit.log');
  });
  beforeEach(() =>
    allowInPolicy(world.simulator, [
      { src: ['alice@example.com'], scopes: ['read_file'], users: ['*'], resources: [mcp, worker] },
      {
        src: ['tag:ci'],
        may_act_for: ['alice@example.com'],
        resources: [mcp, worker],
        serves: [worker],
      },
    ]),
  );
  afterAll(() => world[Symbol.asyncDispose]());

  const stateDirectory = () => join(world.directory, 'state');

  async function command(...argv: string[]): Promise<{ exitCode: number; out: string }> {
    const found = findCommand(argv);
    if (!found) throw new Error(`no such command: ${argv.join(' ')}`);
    let out = '';
    const exitCode = await found.run(found.args, {
      out: (text) => {
        out += text;
      },
      err: (text) => {
        out += text;
      },
      env: { TSIDP_STATE_DIR: stateDirectory() },
    });
    return { exitCode, out };
  }

  function records(): StoredAudit[] {
    const database = new DatabaseSync(join(stateDirectory(), 'tsidp.db'), { readOnly: true });
    const rows = database.prepare('SELECT * FROM audit ORDER BY id').all();
    database.close();
    return rows.map((row) => fromRow(row as never));
  }

  test('names listener, resource, actors and parents of what is issued', async () => {
    const first = await tokensFor(world, { resource: worker, scope: 'read_file' });
    const [token] = records()
      .filter(({ event }) => event === 'token')
      .slice(-1);
    expect(token).toMatchObject({
      ...{ subject: 'userid:1', login: 'alice@example.com', scope: 'read_file' },
      ...{ listener: 'demo', resource: [worker] },
    });
    expect(token?.jti).toContain(decodeJwt(first.accessToken).jti);
    const form = {
      ...{ grant_type: exchangeGrant, subject_token: first.accessToken, resource: mcp },
      subject_token_type: accessToken,
    };
    const answer = json(await new Browser('127.0.0.3').open(`${world.issuer}/token`, { form }));
    const jti = String(decodeJwt(String(answer['access_token'])).jti);
    const last = records().at(-1);
    expect(last).toMatchObject({
      ...{ event: 'exchange', subject: 'userid:1', listener: 'demo', resource: [mcp] },
      actors: [expect.stringMatching(/^node:/)],
      parents: [token?.jti?.[0]],
    });
    expect(last?.jti).toContain(jti);
    const { out } = await command('audit', '--chain', jti);
    expect(out).toMatch(/login .*\n.*token .*\n.* └─ exchange +alice@example\.com < node:/);
  });

  test('fits while it is written to', async () => {
    await tokensFor(world, { resource: mcp });
    expect(await command('audit', 'verify')).toMatchObject({
      exitCode: 0,
      out: expect.stringMatching(/^sound: \d+ records up to \d+/),
    });
  });

  test('reaches the collector, in order and complete', async () => {
    await tokensFor(world, { resource: mcp });
    const newest = records().at(-1)?.id;
    const lines = () =>
      (existsSync(sink) ? readFileSync(sink, 'utf8') : '')
        .split('\n')
        .filter((line) => line.includes('"type":"audit"'))
        .map((line) => JSON.parse(line));
    await until('the newest record is there', () => lines().at(-1)?.id === newest);
    const ids = lines().map(({ id }) => id);
    expect(ids).toEqual(ids.map((_, index) => ids[0] + index));
  });

  test('T22 no code, token, verifier, cookie or secret stands in the log, its copies or the database', async () => {
    const secrets: string[] = clients.flatMap(({ secret }) => secret ?? []);
    const browser = new Browser();
    const keep = (...values: string[]) => secrets.push(...values.filter((value) => value !== ''));
    const code = await codeFor(browser, world.issuer);
    keep(code.code, code.attempt.verifier);
    const tokens = tokensOf(await redeem(world.issuer, code));
    const again = tokensOf(await refresh(world.issuer, tokens.refreshToken));
    for (const { accessToken: access, refreshToken, idToken } of [tokens, again]) {
      keep(access, refreshToken, idToken);
    }
    await userinfo(world.issuer, again.accessToken);
    const bound = await tokensFor(world, { resource: worker, scope: 'read_file' });
    keep(bound.accessToken);
    const form = {
      ...{ grant_type: exchangeGrant, subject_token: bound.accessToken, resource: mcp },
      subject_token_type: accessToken,
    };
    const exchanged = await new Browser('127.0.0.3').open(`${world.issuer}/token`, { form });
    keep(String(json(exchanged)['access_token']));
    // refusals carry what was sent in vain, and a used code revokes
    await redeem(world.issuer, code);
    const wrong = { grant_type: 'refresh_token', refresh_token: tokens.accessToken };
    await call(world.issuer, '/token', 'grafana', wrong);
    await call(world.issuer, '/token', 'spa', {
      ...wrong,
      client_secret: 'wrong-secret-of-a-client',
    });
    keep('wrong-secret-of-a-client');
    await call(world.issuer, '/revoke', 'grafana', { token: again.refreshToken });
    keep(...[...browser.jar.values()].map(({ value }) => value));
    expect(secrets.length).toBeGreaterThan(15);

    const newest = records().at(-1)?.id;
    await until('the sink has it', () => readFileSync(sink, 'utf8').includes(`"id":${newest},`));
    const directory = stateDirectory();
    const files = readdirSync(directory).filter((name) => name.startsWith('tsidp.db'));
    const text = Buffer.concat([
      ...files.map((name) => readFileSync(join(directory, name))),
      readFileSync(sink),
      Buffer.from((await command('audit', '--limit', '1000')).out),
      Buffer.from(JSON.stringify(records())),
    ]);
    expect(files).toContain('tsidp.db-wal');
    for (const secret of secrets) {
      // JWTs by their signature too: it alone makes them worth something
      for (const part of [secret, ...secret.split('.').slice(2)]) {
        expect(text.includes(part), part.slice(0, 6)).toBe(false);
      }
    }
  });

  test('is signed to its end when the daemon stops', async () => {
    await tokensFor(world, { resource: mcp });
    const before = records().at(-1)?.id;
    await world.restart();
    const { out } = await command('audit', 'verify', '--json');
    expect(JSON.parse(out)).toMatchObject({ sound: true, signedTo: { record: before } });
  });
});
