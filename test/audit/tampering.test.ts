import { hash } from 'node:crypto';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AuditRecord } from '../../src/store/store.ts';
import { full, openAudited, problemsOf, tamperWith } from './audited.ts';

const login: AuditRecord = { at: 1_800_000_001, event: 'login', client: 'spa' };
const records = [full, login, full, { ...login, reason: 'x' }, full];

const columns = [
  ...['id', 'at', 'event', 'subject', 'login', 'device', 'client', 'scope', 'reason', 'jti'],
  ...['detail', 'actors', 'resource', 'parents', 'listener', 'hash'],
];

describe('what was tampered with', () => {
  it('is found in every column of every record', { timeout: 60_000 }, async () => {
    const { store, path, directory } = await openAudited(records);
    store.auditUpkeep.seal();
    await store.close();
    const copy = join(directory, 'copy.db');
    const column = fc.constantFrom(...columns);
    const row = fc.integer({ min: 1, max: records.length });
    await fc.assert(
      fc.asyncProperty(column, row, fc.nat(), fc.integer({ min: 1, max: 255 }), async (...args) => {
        const [name, id, place, flip] = args;
        copyFileSync(path, copy);
        const changed = flipped(copy, name, id, place, flip);
        const problems = await problemsOf(copy);
        expect(changed === problems.length > 0, `${name} of ${id}: ${problems.join()}`).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  it.each([
    ['a removed record', 'DELETE FROM audit WHERE id = 2', ['2 missing']],
    ['removed records', 'DELETE FROM audit WHERE id BETWEEN 2 AND 3', ['2-3 missing']],
    ['the first', 'DELETE FROM audit WHERE id = 1', ['1 missing']],
    ['a cut end', 'DELETE FROM audit WHERE id >= 4', ['4-5 missing at the end: they were signed']],
    ['all of it', 'DELETE FROM audit', ['1-5 missing at the end: they were signed']],
    [
      'a removed hash',
      'UPDATE audit SET hash = NULL WHERE id = 5',
      ['5 has no hash', '5 has another hash than was signed'],
    ],
    [
      'a later beginning',
      'UPDATE audit_chain SET first = 6',
      [1, 2, 3, 4, 5]
        .map((id) => `${id} has a hash, but is older than the chain`)
        .concat('5 the signed head of it has an altered'),
    ],
    [
      'a pretended rotation',
      'UPDATE audit_chain SET removed_to = 2, removed_hash = (SELECT hash FROM audit WHERE id = 2)',
      ['1-2 out of order', '1-2 missing, and nobody signed their removal'],
    ],
  ])('is found: %s', async (_, sql, expected) => {
    const { store, problems, tamper } = await openAudited(records);
    store.auditUpkeep.seal();
    await store.committed();
    tamper(sql);
    const found = await problems();
    expect(found[0]).toBe(expected[0]);
    for (const one of expected.slice(1)) expect(found.join('\n')).toContain(one);
  });

  it('is found: two records that were swapped', async () => {
    const { store, problems, tamper } = await openAudited(records);
    store.auditUpkeep.seal();
    await store.committed();
    tamper('UPDATE audit SET id = -1 WHERE id = 2');
    tamper('UPDATE audit SET id = 2 WHERE id = 3');
    tamper('UPDATE audit SET id = 3 WHERE id = -1');
    expect((await problems())[0]).toBe('2 was changed: it does not fit its hash');
  });

  it.each(['sequence', 'hash', 'at', 'kid', 'signature', 'writer'])(
    'is found: the %s of a head',
    async (column) => {
      const { store, problems, tamper } = await openAudited(records);
      store.auditUpkeep.seal();
      await store.committed();
      const isNumber = column === 'sequence' || column === 'at';
      tamper(
        isNumber
          ? `UPDATE audit_heads SET ${column} = ${column} - 1`
          : `UPDATE audit_heads SET ${column} = replace(${column}, substr(${column}, 9, 1), '-')`,
      );
      expect((await problems()).join()).toMatch(/signed head of it has an (altered|unknown key)/);
    },
  );

  it('is found when the whole chain was written anew, without the key', async () => {
    const { store, path, problems } = await openAudited(records);
    store.auditUpkeep.seal();
    await store.committed();
    rewrite(path, "UPDATE audit SET client = 'other' WHERE id = 2");
    expect(await problems()).toEqual(['5 has another hash than was signed']);
  });
});

/** Flips bits of one byte of a value; false where there is nothing to flip. */
function flipped(path: string, column: string, id: number, place: number, flip: number): boolean {
  const database = new DatabaseSync(path);
  const cell = database.prepare(`SELECT ${column} AS v FROM audit WHERE id = ?`).get(id)?.['v'];
  database.close();
  if (cell === null || cell === undefined) return false;
  if (typeof cell === 'number') {
    tamperWith(path, `UPDATE audit SET ${column} = ? WHERE id = ?`, cell + flip * 1000, id);
    return true;
  }
  const bytes = Buffer.from(String(cell));
  const at = place % bytes.length;
  bytes[at] = (bytes[at] ?? 0) ^ flip;
  tamperWith(
    path,
    `UPDATE audit SET ${column} = CAST(unhex(?) AS TEXT) WHERE id = ?`,
    bytes.toString('hex'),
    id,
  );
  return true;
}

/** Changes a record and makes all hashes fit again. */
function rewrite(path: string, sql: string): void {
  tamperWith(path, sql);
  const database = new DatabaseSync(path);
  const writer = database.prepare('SELECT writer FROM audit_chain').get()?.['writer'];
  const rows = database.prepare('SELECT * FROM audit ORDER BY id').all();
  database.close();
  let previous = '0'.repeat(64);
  for (const { hash: _, ...row } of rows) {
    const content = JSON.stringify([writer, ...Object.values(row)]);
    previous = hash('sha256', `${previous}\n${content}`, 'hex');
    tamperWith(path, 'UPDATE audit SET hash = ? WHERE id = ?', previous, Number(row['id']));
  }
}
