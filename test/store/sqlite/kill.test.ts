import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { openSqlite } from '../../../src/store/sqlite/sqlite.ts';
import { startChild, temporaryDirectory } from '../opened.ts';

/** Lets a writer run until it has acknowledged `count` lines, kills it, and returns all it managed to say. */
async function acknowledged(path: string, count: number): Promise<string[]> {
  const child = startChild('writer.ts', path);
  const lines: string[] = [];
  for await (const line of child.lines) {
    lines.push(line);
    if (lines.length === count) await child.kill();
  }
  return lines;
}

/** T23, T24: what was acknowledged survives `kill -9`, at any moment. */
it('loses nothing acknowledged to kill -9', { timeout: 60_000 }, async () => {
  const path = join(temporaryDirectory(), 'tsidp.db');
  const saved: string[][] = [];
  const used: string[] = [];
  for (let round = 0; round < 10; round += 1) {
    for (const line of await acknowledged(path, randomInt(1, 400))) {
      const [word, ...ids] = line.split(' ');
      if (word === 'saved' && ids.length === 4) saved.push(ids);
      if (word === 'used' && ids[0]?.length === 43) used.push(ids[0]);
    }
    const store = openSqlite({ path, clock: systemClock });
    for (const [grant = '', code = '', access = '', refresh = ''] of saved) {
      const found = [
        await store.adapter('Grant').find(grant),
        await store.adapter('AuthorizationCode').find(code),
        await store.adapter('AccessToken').find(access),
        await store.adapter('RefreshToken').find(refresh),
      ];
      expect(found).not.toContain(undefined);
    }
    for (const code of used) {
      expect(await store.adapter('AuthorizationCode').find(code)).toHaveProperty('consumed');
    }
    expect((await store.audit.list(1_000_000)).length).toBeGreaterThanOrEqual(saved.length);
    await store.close();
  }
  expect(used.length).toBeGreaterThan(10);
  const database = new DatabaseSync(path, { readOnly: true });
  expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
  database.close();
});
