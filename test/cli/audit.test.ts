import { readdirSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { findCommand } from '../../src/cli/commands.ts';
import { readMoment } from '../../src/cli/time-span.ts';
import { systemClock } from '../../src/clock.ts';
import { databasePath } from '../../src/store/sqlite/open.ts';
import type { AuditRecord } from '../../src/store/store.ts';
import { loadOrCreateKeys } from '../../src/tokens/keys.ts';
import { tamperWith } from '../audit/audited.ts';
import { until } from '../world/until.ts';
import { makeCli } from './run.ts';

const now = systemClock.nowSeconds();
const records: AuditRecord[] = [
  { at: now - 864_000, event: 'start' },
  {
    ...{ at: now - 7200, event: 'login', subject: 'userid:1', login: 'alice@example.com' },
    ...{ device: 'nAlice', client: 'grafana', scope: 'openid email', jti: ['g1'] },
    listener: 'serve',
  },
  {
    ...{ at: now - 60, event: 'exchange', subject: 'userid:1', login: 'alice@example.com' },
    ...{ device: 'nAgent', client: 'agent', jti: ['g2', 'a2'], parents: ['g1'] },
    ...{ actors: ['node:nAgent'], resource: ['https://mcp.example'], detail: { stale: true } },
  },
  {
    ...{
      at: now,
      event: 'denial',
      login: 'bob\u001b[2J\u202e',
      client: 'grafana',
      reason: 'no "grant"',
    },
    detail: {
      trace: [{ rule: 0, field: 'clients', outcome: 'another app' }],
      error: 'access_denied',
    },
  },
];

async function site() {
  const cli = makeCli();
  await cli.withStore(async (store) => {
    await loadOrCreateKeys(store, systemClock);
    for (const record of records) store.audit.append(record);
    await store.committed();
  });
  return cli;
}

/** What would clear the screen, or turn the direction of text. */
const steering = ['\u001b', '\u202e'];

const idsOf = (out: string) =>
  out
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (line.startsWith('{') ? JSON.parse(line).id : Number(line.slice(0, 6))));

describe('tsidp audit', () => {
  it.each([
    [[], [1, 2, 3, 4]],
    [
      ['--limit', '2'],
      [3, 4],
    ],
    [
      ['--subject', 'userid:1'],
      [2, 3],
    ],
    [
      ['--subject', 'alice@example.com'],
      [2, 3],
    ],
    [['--subject', 'node:nAgent'], [3]],
    [
      ['--client', 'grafana'],
      [2, 4],
    ],
    [['--client', 'grafana', '--event', 'denial'], [4]],
    [['--device', 'nAgent'], [3]],
    [
      ['--since', '3h'],
      [2, 3, 4],
    ],
    [
      ['--since', '2d', '--until', '1m'],
      [2, 3],
    ],
    [['--until', '2001-01-01'], []],
    [
      ['--chain', 'a2'],
      [2, 3],
    ],
    [
      ['--chain', 'g1'],
      [2, 3],
    ],
  ])('%j', async (argv, expected) => {
    const cli = await site();
    const text = await cli.run(['audit', ...argv]);
    expect(text).toMatchObject({ exitCode: 0, err: '' });
    expect(idsOf(text.out)).toEqual(expected);
    const json = await cli.run(['audit', '--json', ...argv]);
    expect(idsOf(json.out)).toEqual(expected);
  });

  it('says who, where, what and why in one line, which nothing in it can disturb', async () => {
    const { out } = await (await site()).run(['audit']);
    const [, login, exchange, denial] = out.split('\n');
    expect(login).toMatch(
      /login +alice@example\.com +grafana +scope="openid email" {2}device=nAlice/,
    );
    expect(login).toContain('via=serve');
    expect(exchange).toMatch(/exchange +alice@example\.com < node:nAgent +agent/);
    expect(exchange).toMatch(/resource=https:\/\/mcp\.example .*jti=g2,a2 {2}from=g1 {2}stale$/);
    expect(denial).toContain('why="no \\"grant\\""  error=access_denied');
    expect(denial).toContain('trace="rule 0: clients: another app"');
    for (const character of steering) expect(out).not.toContain(character);
    const json = await (await site()).run(['audit', '--json', '--event', 'denial']);
    for (const character of steering) expect(json.out).not.toContain(character);
    expect(JSON.parse(json.out)).toMatchObject({ type: 'audit', login: 'bob\u001b[2J\u202e' });
  });

  it('draws a family as a tree', async () => {
    const { out } = await (await site()).run(['audit', '--chain', 'a2']);
    expect(out).toMatch(/ {2}login .*\n.* └─ exchange/);
  });

  it.each([
    [['--limit', '0'], /whole number/],
    [['--since', 'yesterday'], /is not a time: write 2h/],
    [['--since', '2026-13-01'], /is not a time/],
    [['--event', 'denials'], /--event: "denials" must be one of .*; did you mean "denial"\?/],
    [['--chain', 'a', '--client', 'c'], /leave the other conditions out/],
    [['--sincee', '2h'], /sincee/],
  ])('refuses %j', async (argv, message) => {
    expect(await (await site()).run(['audit', ...argv])).toMatchObject({
      exitCode: 2,
      err: expect.stringMatching(message),
    });
  });

  it('says when nothing names the token, and when there is no database', async () => {
    expect(await (await site()).run(['audit', '--chain', 'zzz'])).toMatchObject({
      exitCode: 1,
      err: expect.stringContaining('no record names "zzz"'),
    });
    await expect(makeCli().run(['audit'])).rejects.toThrow(/there is no database/);
  });

  it('follows what is written, until it is interrupted', async () => {
    const cli = await site();
    const command = findCommand(['audit', '--follow', '--client', 'grafana']);
    const ending = new AbortController();
    let out = '';
    const run = command?.run(command.args, {
      out: (text) => {
        out += text;
      },
      err: () => undefined,
      env: { TSIDP_STATE_DIR: cli.directory },
      signal: ending.signal,
    });
    await until('it has printed what there is', () => idsOf(out).length === 2);
    await cli.withStore(async (store) => {
      store.audit.append({ at: now, event: 'token', client: 'other' });
      store.audit.append({ at: now, event: 'token', client: 'grafana' });
      await store.committed();
      await until('it has printed what is new', () => idsOf(out).length === 3);
      store.audit.append({ at: now, event: 'logout', client: 'grafana' });
      await store.committed();
      await until('it has printed what is newer', () => idsOf(out).length === 4);
    });
    expect(idsOf(out)).toEqual([2, 4, 6, 7]);
    ending.abort();
    expect(await run).toBe(0);
  });
});

describe('tsidp audit verify', () => {
  it('ends with 0, and with 1 and the first bad record when a byte was flipped', async () => {
    const cli = await site();
    const path = databasePath(cli.directory);
    await cli.withStore(async (store) => {
      const running = await cli.run(['audit', 'verify']);
      expect(running).toMatchObject({
        exitCode: 0,
        out: expect.stringMatching(
          /^sound: 4 records up to 4, chain [0-9a-f]{16}\nnothing is signed/,
        ),
      });
      await store.committed();
    });
    tamperWith(path, "UPDATE audit SET login = 'alicf@example.com' WHERE id = 2");
    expect(await cli.run(['audit', 'verify'])).toEqual({
      exitCode: 1,
      out: 'record 2: was changed: it does not fit its hash\n',
      err: '',
    });
    const json = await cli.run(['audit', 'verify', '--json']);
    expect(json.exitCode).toBe(1);
    expect(JSON.parse(json.out)).toMatchObject({
      sound: false,
      problems: [{ from: 2, to: 2, what: 'was changed: it does not fit its hash' }],
    });
  });

  it('names the older release whose database has no chain yet', async () => {
    const cli = await site();
    const database = new DatabaseSync(databasePath(cli.directory));
    database.exec('PRAGMA user_version = 2');
    database.close();
    await expect(cli.run(['audit', 'verify'])).rejects.toThrow(/start this release's daemon/);
  });
});

describe('tsidp audit rotate', () => {
  it('archives what the configuration no longer keeps', async () => {
    const cli = await site();
    expect((await cli.run(['audit', 'rotate'])).out).toBe('0 records left the database\n');
    await cli.withStore(async (store) => {
      for (let count = 0; count < 3; count += 1) store.audit.append({ at: now, event: 'start' });
      await store.committed();
    });
    tamperWith(databasePath(cli.directory), 'UPDATE audit SET at = 1 WHERE id <= 2');
    const rotated = await cli.run(['audit', 'rotate', '--json']);
    expect(JSON.parse(rotated.out)).toMatchObject({
      records: 2,
      archive: expect.stringMatching(/audit-1-2\.jsonl$/),
    });
    expect(readdirSync(cli.directory)).toContain('audit-1-2.jsonl');
    expect(idsOf((await cli.run(['audit'])).out)).toEqual([3, 4, 5, 6, 7]);
  });
});

describe('moments', () => {
  it.each([
    ['90s', 910],
    ['15m', 100],
    ['1970-01-01', 0],
    ['1970-01-01T00:01Z', 60],
    ['1970-01-01T01:00:00.5+01:00', 0],
  ])('%s', (text, expected) => {
    expect(readMoment('since', text, 1000)).toBe(expected);
  });
});
