import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { auditLine, readAuditLine } from '../../src/audit/line.ts';
import { type RotationLimits, rotateAudit } from '../../src/audit/rotate.ts';
import { verifyAudit } from '../../src/audit/verify.ts';
import type { AuditRecord } from '../../src/store/store.ts';
import { openStore, TestClock, temporaryDirectory } from '../store/opened.ts';
import { type Audited, full, openAudited } from './audited.ts';

const now = 1_800_000_000;
const day = 86_400;
const limits: RotationLimits = { keepDays: 90, maxRecords: 100_000, archive: true };

/** Records of so many days ago, oldest first. */
function aged(...days: number[]): AuditRecord[] {
  return days.map((ago) => ({ ...full, at: now - ago * day }));
}

async function rotate(audited: Audited, changed: Partial<RotationLimits> = {}) {
  return rotateAudit(audited.store, audited.path, { ...limits, ...changed }, now);
}

function archives({ directory }: Audited): string[] {
  return readdirSync(directory).filter((name) => name.endsWith('.jsonl'));
}

describe('rotation', () => {
  it('moves what is too old into a file, and the chain fits across the cut', async () => {
    const audited = await openAudited(aged(100, 95, 91, 89, 1));
    const { store, path, problems } = audited;
    expect(await rotate(audited)).toEqual({
      records: 3,
      path: join(audited.directory, 'audit-1-3.jsonl'),
    });
    expect(await rotate(audited)).toEqual({ records: 0, path: undefined });
    store.audit.append(full);
    await store.committed();
    expect((await store.audit.list(9)).map(({ id }) => id)).toEqual([6, 5, 4]);
    const found = await verifyAudit(path);
    expect(found).toMatchObject({ records: 3, removedTo: 3, last: 6, problems: [] });
    expect(found.archives.map(({ from, to }) => [from, to])).toEqual([[1, 3]]);
    const file = join(audited.directory, 'audit-1-3.jsonl');
    expect((statSync(file).mode & 0o777).toString(8)).toBe('600');
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).type)).toEqual([
      ...['audit-segment', 'audit', 'audit', 'audit', 'audit-head'],
    ]);
    // the next one follows it
    await rotateAudit(store, path, limits, now + 90 * day);
    expect(archives(audited)).toEqual(['audit-1-3.jsonl', 'audit-4-5.jsonl']);
    expect(await problems()).toEqual([]);
    rmSync(file);
    expect(await problems()).toEqual([]);
  });

  it('moves what is too much, in steps, but never the newest', async () => {
    const audited = await openAudited(Array.from({ length: 5 }, () => full));
    const { store } = audited;
    for (let count = 0; count < 1200; count += 1) store.audit.append(full);
    await store.committed();
    expect(await rotate(audited, { maxRecords: 1000 })).toMatchObject({ records: 205 });
    expect(await audited.problems()).toEqual([]);
    expect(await rotate(audited, { keepDays: -1 })).toMatchObject({ records: 999 });
    expect(await store.audit.list(9)).toMatchObject([{ id: 1205 }]);
    expect(await audited.problems()).toEqual([]);
    store.audit.append(full);
    await store.committed();
    expect(await audited.problems()).toEqual([]);
  });

  it('drops it where no archive is wanted, and the cut is signed', async () => {
    const audited = await openAudited(aged(100, 95, 1));
    expect(await rotate(audited, { archive: false })).toEqual({ records: 2, path: undefined });
    expect(archives(audited)).toEqual([]);
    expect(await audited.problems()).toEqual([]);
    audited.tamper('DELETE FROM audit_heads');
    expect(await audited.problems()).toEqual(['1-2 missing, and nobody signed their removal']);
  });

  it('takes up one that was interrupted after its archive was complete', async () => {
    const audited = await openAudited(aged(100, 99, 98, 97, 1));
    const { path, directory } = audited;
    const before = join(directory, 'before.db');
    await audited.store.backup(before);
    await rotate(audited);
    await audited.store.close();
    for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
    renameSync(before, path);
    const again = { ...audited, ...openStore(path, new TestClock()) };
    expect(await rotate(again)).toEqual({ records: 4, path: undefined });
    expect(archives(again)).toEqual(['audit-1-4.jsonl']);
    expect(await again.problems()).toEqual([]);
  });

  it('does not trust a file of that name with other content', async () => {
    const audited = await openAudited(aged(100, 99, 1));
    const path = join(audited.directory, 'audit-1-2.jsonl');
    writeFileSync(path, 'something else\n');
    expect(await rotate(audited)).toMatchObject({ records: 2, path: path.replace('2.', '2.2.') });
    expect((await audited.problems()).join()).toMatch(/^1-2 in an archive that can't be trusted/);
    rmSync(path);
    expect(await audited.problems()).toEqual([]);
  });

  it('deletes nothing when the archive could not be written', async () => {
    const audited = await openAudited(aged(100, 99, 1));
    const elsewhere = { ...limits };
    const moved = join(audited.directory, 'gone', 'tsidp.db');
    await expect(rotateAudit(audited.store, moved, elsewhere, now)).rejects.toThrow();
    expect(await audited.store.audit.list(9)).toHaveLength(3);
  });

  it('ends between two steps, and the next one goes on', async () => {
    const audited = await openAudited(aged(...Array.from({ length: 3 }, () => 100)));
    const { store, path } = audited;
    for (let count = 0; count < 500; count += 1) store.audit.append({ ...full, at: now });
    await store.committed();
    const limit = { ...limits, maxRecords: 50 };
    for (const steps of [1, 4, 10, 13]) {
      const ending = new AbortController();
      const rotating = rotateAudit(store, path, limit, now, ending.signal);
      for (let step = 0; step < steps; step += 1) await nextTurn();
      ending.abort();
      await rotating.catch(() => undefined);
      expect(await audited.problems()).toEqual([]);
    }
    while ((await rotateAudit(store, path, limit, now)).records > 0);
    expect(await store.audit.list(1000)).toHaveLength(50);
    expect(await audited.problems()).toEqual([]);
    expect(readdirSync(audited.directory).filter((name) => name.endsWith('.new'))).toEqual([]);
  });

  it('needs a key to sign the cut', async () => {
    const path = join(temporaryDirectory(), 'tsidp.db');
    const { store } = openStore(path, new TestClock());
    for (const record of aged(100, 99, 1)) store.audit.append(record);
    await store.committed();
    await expect(rotateAudit(store, path, limits, now)).rejects.toThrow(/no signing key yet/);
    expect(await store.audit.list(9)).toHaveLength(3);
  });

  it.each([
    ['DELETE FROM audit WHERE id = 3', /append-only/],
    ['UPDATE audit SET reason = NULL WHERE id = 3', /append-only/],
    ['UPDATE audit_chain SET removed_to = 1', /append-only/],
    ["UPDATE audit_chain SET writer = 'x'", /append-only/],
    ['DELETE FROM audit_chain', /append-only/],
    ['UPDATE audit_heads SET at = 1', /never changed/],
  ])('leaves no other way: %s', async (sql, reason) => {
    const audited = await openAudited(aged(100, 99, 1, 1));
    await rotate(audited);
    const database = new DatabaseSync(audited.path);
    expect(() => database.exec(sql)).toThrow(reason);
    database.close();
  });
});

describe('a changed archive', () => {
  it.each([
    ['a record', (text: string) => text.replace('because', 'therefore'), /1 was changed/],
    ['a record less', (text: string) => text.replace(/^.*"id":2,.*\n/mu, ''), /2 missing/],
    ['the end', (text: string) => text.replace(/^.*"audit-head".*\n/mu, ''), /it is cut short/],
    ['the signature', (text: string) => text.replace('"kid":"', '"kid":"x'), /does not fit/],
    ['what is no line', (text: string) => `${text}{}\n`, /line 6 is not one/],
  ])('is found: %s', async (_, change, expected) => {
    const audited = await openAudited(aged(100, 95, 91, 89));
    await rotate(audited);
    const file = join(audited.directory, 'audit-1-3.jsonl');
    const text = readFileSync(file, 'utf8');
    expect(change(text)).not.toBe(text);
    writeFileSync(file, change(text));
    expect((await audited.problems()).join()).toMatch(expected);
  });
});

describe('lines', () => {
  it('come back exactly as they were stored', async () => {
    const audited = await openAudited([full, { at: 1, event: 'start' }]);
    const database = new DatabaseSync(audited.path);
    for (const row of database.prepare('SELECT * FROM audit').all()) {
      const line = auditLine(row as never, 'w');
      expect(readAuditLine(line)).toEqual({ type: 'audit', row: { ...row }, writer: 'w' });
    }
    database.close();
  });

  it.each(['', '{}', '[]', 'null', '{"type":"audit"}', '{"type":"audit","id":1,"at":1}'])(
    'are refused: %s',
    (line) => {
      expect(() => readAuditLine(line)).toThrow();
    },
  );
});
