import { existsSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { messageOf } from '../store/files.ts';
import { AuditReader } from '../store/sqlite/audit-reader.ts';
import { draftOf, syncFile } from '../store/sqlite/copy.ts';
import { connectToRead } from '../store/sqlite/read-only.ts';
import type { SqliteStore } from '../store/sqlite/sqlite.ts';
import { StoreError } from '../store/store.ts';
import { archiveName, archivesIn, endsWith } from './archives.ts';
import type { SignedHead } from './chain/heads.ts';
import type { AuditRow } from './chain/row.ts';
import { auditLine, headLine, segmentLine } from './line.ts';

export interface RotationLimits {
  /** Older records go. */
  readonly keepDays: number;
  /** More than these: the oldest go. */
  readonly maxRecords: number;
  /** Whether what goes is written to a file in the state directory first. */
  readonly archive: boolean;
}

export interface Rotated {
  /** Records that left the database. */
  readonly records: number;
  /** Where they are now; undefined: nowhere, or nothing went. */
  readonly path: string | undefined;
}

/** Records that are read, written and deleted at a time: a few milliseconds in which no login is answered. */
const step = 100;
/** Records of one archive, at most: about 100 MB. The next rotation takes the rest. */
const maxSegment = 200_000;
const daySeconds = 86_400;

/**
 * Moves the records that are too old or too many into an archive, in small steps beside the logins. The newest
 * record always stays: the next one follows it. The archive is durable before anything is deleted, and each
 * deletion is one transaction with the signed mark up to which it goes.
 * @param path of the store's database
 * @param signal ends it between two steps; the next one goes on
 * @throws StoreError when the archive could not be written; nothing was deleted then
 */
export async function rotateAudit(
  store: SqliteStore,
  path: string,
  limits: RotationLimits,
  nowSeconds: number,
  signal?: AbortSignal,
): Promise<Rotated> {
  const database = connectToRead(path);
  try {
    const reader = new AuditReader(database);
    const end = await findEnd(reader, limits, nowSeconds);
    signal?.throwIfAborted();
    const oldest = reader.oldest();
    if (!end || !oldest) return { records: 0, path: undefined };
    let to = end;
    let archive: string | undefined;
    if (limits.archive) {
      const covered = await coveredTo(reader, dirname(path), oldest.id);
      if (covered) to = covered;
      else {
        const head = store.auditUpkeep.sign({ sequence: end.id, hash: end.hash });
        if (!head) throw new StoreError('there is no signing key yet: start the daemon once');
        archive = await writeArchive(reader, dirname(path), oldest.id, head, signal);
      }
    }
    return { records: await removeTo(store, reader, oldest.id, to, signal), path: archive };
  } finally {
    database.close();
  }
}

/** The last record that is to go. */
async function findEnd(
  reader: AuditReader,
  { keepDays, maxRecords }: RotationLimits,
  nowSeconds: number,
): Promise<AuditRow | undefined> {
  const newest = reader.last();
  const oldest = reader.oldest();
  if (!newest || !oldest) return undefined;
  const before = nowSeconds - keepDays * daySeconds;
  const tooMany = newest.id - maxRecords;
  let end: AuditRow | undefined;
  for (let at = oldest.id - 1; at < oldest.id - 1 + maxSegment; at += step) {
    for (const row of reader.after(at, step)) {
      if (row.id === newest.id || (row.at >= before && row.id > tooMany)) return end;
      end = row;
    }
    await nextTurn();
  }
  return end;
}

/** An earlier rotation that was interrupted may have left an archive whose records are still here, too. */
async function coveredTo(
  reader: AuditReader,
  directory: string,
  from: number,
): Promise<AuditRow | undefined> {
  for (const archive of archivesIn(directory)) {
    if (archive.from > from || archive.to < from) continue;
    const [row] = reader.after(archive.to - 1, 1);
    if (row?.id === archive.to && (await endsWith(archive, row.hash))) return row;
  }
  return undefined;
}

async function writeArchive(
  reader: AuditReader,
  directory: string,
  from: number,
  head: SignedHead,
  signal: AbortSignal | undefined,
): Promise<string> {
  const path = freeName(directory, from, head.sequence);
  const draft = draftOf(path);
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      const { writer, first, removedTo, removedHash } = reader.chain();
      const previous = removedTo === from - 1 ? removedHash : null;
      await file.appendFile(`${segmentLine({ writer, first, from, previous })}\n`);
      for await (const rows of stepsOf(reader, from, head.sequence, signal)) {
        await file.appendFile(rows.map((row) => `${auditLine(row, writer)}\n`).join(''));
      }
      await file.appendFile(`${headLine(head)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
    syncFile(directory);
    return path;
  } catch (cause) {
    const why = `cannot write the archive ${path}: ${messageOf(cause)}`;
    throw new StoreError(`${why}; nothing was deleted`, { cause });
  } finally {
    await rm(draft, { force: true });
  }
}

function freeName(directory: string, from: number, to: number): string {
  for (let copy = 1; ; copy += 1) {
    const path = join(directory, archiveName(from, to, copy));
    if (!existsSync(path)) return path;
  }
}

async function removeTo(
  store: SqliteStore,
  reader: AuditReader,
  from: number,
  to: Pick<AuditRow, 'id'>,
  signal: AbortSignal | undefined,
): Promise<number> {
  let removed = 0;
  for await (const rows of stepsOf(reader, from, to.id, signal)) {
    const end = rows.at(-1);
    if (!end) break;
    const { failures } = store;
    removed += store.auditUpkeep.remove(end);
    await store.committed(failures);
  }
  return removed;
}

/** The records from one to another, some at a time, with a turn for others after each. */
async function* stepsOf(
  reader: AuditReader,
  from: number,
  to: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<readonly AuditRow[]> {
  let next = from;
  while (next <= to) {
    signal?.throwIfAborted();
    const rows = reader.after(next - 1, Math.min(step, to - next + 1));
    if (rows[0]?.id !== next || rows.length > to - next + 1) {
      throw new StoreError('another rotation is under way: try again later');
    }
    yield rows;
    next += rows.length;
    await nextTurn();
  }
}
