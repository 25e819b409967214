import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../files.ts';
import { StoreError } from '../store.ts';

/** `tsdp` in PRAGMA application_id: this database is ours. */
export const applicationId = 0x74736470;

const magic = 'SQLite format 3\0';
/** Above this size only header and schema are read: the whole check takes about 1 ms a MiB. */
const fullCheckBytes = 64 * 1024 * 1024;

/**
 * Looks at an existing database without changing a byte of it.
 * @param remedy what to do when it is damaged; that of the daemon's own database
 * @returns its schema version
 * @throws {StoreError} when it is damaged or not ours
 */
export function checkDatabase(path: string, sizeBytes: number, remedy = ownRemedy): number {
  if (readStart(path) !== magic) {
    const what = sizeBytes === 0 ? 'it is empty' : 'it does not begin like a SQLite database';
    throw corrupt(path, what, remedy);
  }
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(readOnlyLocation(path), { readOnly: true, timeout: 5000 });
    const found = pragma(database, 'application_id');
    if (found !== applicationId) {
      throw new StoreError(
        `${path} is a SQLite database, but not tsidp's (application_id ${found}); nothing was touched; name another path`,
      );
    }
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
    if (sizeBytes < fullCheckBytes) {
      const answer = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
      if (answer !== 'ok') throw corrupt(path, String(answer), remedy);
    }
    return pragma(database, 'user_version');
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw corrupt(path, messageOf(error), remedy, error);
  } finally {
    database?.close();
  }
}

export function pragma(database: DatabaseSync, name: 'application_id' | 'user_version'): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}

/**
 * After a clean stop there is no log, and `immutable` keeps SQLite from making one. With a log (another process
 * has the database open, or it was killed) the log must be read, too: the main file alone may be half-way.
 */
export function readOnlyLocation(path: string): string {
  return existsSync(`${path}-wal`) ? path : `${pathToFileURL(path).href}?immutable=1`;
}

function readStart(path: string): string {
  const start = Buffer.alloc(magic.length);
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    return start.toString('latin1', 0, readSync(file, start));
  } catch (error) {
    throw new StoreError(`cannot read ${path}: ${messageOf(error)}`, { cause: error });
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

const ownRemedy =
  'Restore it (with its -wal file, if the backup has one) from a backup; or move it away to begin anew, which logs ' +
  'everybody out, makes new signing keys and forgets clients that were added on the command line';

function corrupt(path: string, reason: string, remedy: string, cause?: unknown): StoreError {
  return new StoreError(
    `the database ${path} is damaged: ${reason.replaceAll(/\s+/g, ' ')}. Nothing was touched. ${remedy}`,
    { cause },
  );
}
