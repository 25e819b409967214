import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { findCommand } from '../../../src/cli/commands.ts';
import { openSite, type Site } from '../../world/daemon-process.ts';
import { until } from '../../world/until.ts';
import { Ledger } from './ledger.ts';

const rounds = 12;

/** Runs one of our commands on the site's state, beside the daemon. */
async function command(site: Site, ...argv: string[]): Promise<{ exitCode: number; out: string }> {
  const found = findCommand(argv);
  if (!found) throw new Error(`no such command: ${argv.join(' ')}`);
  let out = '';
  const exitCode = await found.run(found.args, {
    out: (text) => {
      out += text;
    },
    err: () => undefined,
    env: { TSIDP_STATE_DIR: site.stateDirectory },
    stdin: (async function* () {})(),
  });
  return { exitCode, out };
}

/** The `jti` of every ID token that the audit log knows of. */
function idTokensIn(stateDirectory: string): ReadonlySet<unknown> {
  const database = new DatabaseSync(join(stateDirectory, 'tsidp.db'), { readOnly: true });
  const rows = database.prepare('SELECT value FROM audit, json_each(audit.jti)').all();
  database.close();
  return new Set(rows.map(({ value }) => value));
}

it('T23 loses nothing acknowledged to kill -9 in a storm of logins', {
  timeout: 240_000,
}, async () => {
  // longer than a restart: the answer to a refresh may have got lost
  await using site = await openSite({ lifetimes: { refreshGraceSeconds: 60 } });
  const ledger = new Ledger(site.issuer);
  const added: string[] = [];
  let checked = 0;
  let run = await site.start();

  for (let round = 0; round < rounds; round += 1) {
    const storm = ledger.storm(6);
    const enough = ledger.answers + randomInt(10, 120);
    await until('the storm rages', () => ledger.answers >= enough, 10_000);
    if (round % 4 === 1) {
      const id = `added-${round}`;
      const uri = `https://${id}.test/cb`;
      const { exitCode } = await command(
        site,
        'clients',
        'add',
        '--id',
        id,
        '--redirect-uri',
        uri,
        '--public',
      );
      expect(exitCode).toBe(0);
      added.push(id);
    }
    await run.kill('SIGKILL');
    await storm;

    run = await site.start();
    expect(run.err()).toBe('');
    expect(await ledger.audit(checked)).toEqual([]);
    checked = ledger.logins.length;
    const verified = await command(site, 'audit', 'verify');
    expect(verified.out).toMatch(/^sound: /);
    const recorded = idTokensIn(site.stateDirectory);
    expect(
      ledger.logins.filter(({ tokens }) => tokens && !recorded.has(tokens.claims['jti'])),
    ).toEqual([]);
    const { out } = await command(site, 'clients', 'list', '--json');
    for (const id of added) expect(out).toContain(`"${id}"`);
  }
  expect(run.out()).not.toMatch(/"level":(40|50|60)/);
  expect(ledger.logins.length).toBeGreaterThan(rounds * 5);
});
