import { existsSync, linkSync, renameSync, rmSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { messageOf, restrictFile } from '../files.ts';
import { StoreError } from '../store.ts';
import { checkDatabase, readOnlyLocation } from './check.ts';
import { backUp, syncFile } from './copy.ts';
import { lockDirectory } from './lock.ts';
import { refuseNewer } from './migrate.ts';
import { databasePath } from './open.ts';

/** SQLite's result code for a lock that another connection holds. */
const sqliteBusy = 5;

/**
 * Puts a backup in the place of a state directory's database. The database that was there is kept beside it. At
 * every moment there is a whole database under the name: the old one or the restored one.
 * @param asideSuffix of the old one's new name, e.g. a time
 * @returns where the old one is now; undefined when there was none
 * @throws {StoreError} when a daemon runs there, or the backup is damaged, newer than we know or not ours; nothing
 *   has changed then
 */
export async function restoreDatabase(
  directory: string,
  backup: string,
  asideSuffix: string,
): Promise<string | undefined> {
  const stats = statSync(backup, { throwIfNoEntry: false });
  if (!stats?.isFile())
    throw new StoreError(`${backup} is not a file: name one that "tsidp backup" made`);
  refuseNewer(
    backup,
    checkDatabase(backup, stats.size, 'Name another file that "tsidp backup" made'),
  );
  const lock = lockDirectory(directory);
  try {
    const path = databasePath(directory);
    const restored = `${path}.restored`;
    const aside = freeName(`${path}.${asideSuffix}`);
    await backUp(backup, restored, readOnlyLocation(backup));
    const sizeBytes = restrictFile(path);
    if (sizeBytes !== undefined) {
      settle(path, sizeBytes, aside);
      linkSync(path, aside);
    }
    renameSync(restored, path);
    syncFile(directory);
    return sizeBytes === undefined ? undefined : aside;
  } finally {
    rmSync(`${databasePath(directory)}.restored`, { force: true });
    lock.release();
  }
}

/** A second restore within one second must not take the first one's file. */
function freeName(path: string): string {
  let name = path;
  for (let count = 2; existsSync(name); count += 1) name = `${path}-${count}`;
  return name;
}

/**
 * Makes one file of the old database: a log that stayed behind would be read into the restored one. One that is
 * damaged is not opened for it (SQLite would clear its log away), but keeps its log under the name that it gets.
 */
function settle(path: string, sizeBytes: number, aside: string): void {
  if (isSound(path, sizeBytes)) foldLog(path);
  for (const suffix of ['-wal', '-shm']) {
    if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  }
}

function isSound(path: string, sizeBytes: number): boolean {
  try {
    checkDatabase(path, sizeBytes);
    return true;
  } catch {
    return false; // which is why a backup is wanted in its place
  }
}

function foldLog(path: string): void {
  const database = new DatabaseSync(path, { timeout: 2000 });
  try {
    database.exec('PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE');
  } catch (cause) {
    const isBusy = cause instanceof Error && 'errcode' in cause && cause.errcode === sqliteBusy;
    const why = isBusy ? 'another program has it open' : messageOf(cause);
    throw new StoreError(`cannot put ${path} aside: ${why}; nothing was touched`, { cause });
  } finally {
    database.close();
  }
}
