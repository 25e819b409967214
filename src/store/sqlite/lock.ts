import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pid } from 'node:process';
import { DatabaseSync } from 'node:sqlite';
import { messageOf, prepareDirectory, restrictFile } from '../files.ts';
import { StoreError } from '../store.ts';

export interface DirectoryLock {
  release(): void;
}

/** SQLite's result code for a lock that another connection holds. */
const sqliteBusy = 5;

/**
 * Keeps a second daemon out of the state directory for as long as this process lives. The lock is the operating
 * system's, taken through SQLite, so nothing stale is left by a process that was killed. Commands that open the
 * store beside the daemon don't take it.
 * @throws {StoreError} when another process holds it
 */
export function lockDirectory(directory: string): DirectoryLock {
  prepareDirectory(directory);
  const path = join(directory, 'lock');
  // For the message only, and not inside the locked file: closing a second descriptor of it would drop the lock.
  const pidPath = join(directory, 'lock.pid');
  let database: DatabaseSync | undefined;
  try {
    if (restrictFile(path) === undefined) closeSync(openSync(path, 'a', 0o600));
    database = new DatabaseSync(path, { timeout: 0 });
    // Nothing is ever written into it, so it needs no journal file either.
    database.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    writeFileSync(pidPath, `${pid}\n`, { mode: 0o600 });
  } catch (error) {
    database?.close();
    if (error instanceof StoreError) throw error;
    if (error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy) {
      throw new StoreError(
        `another tsidp (${holder(pidPath)}) uses ${directory}; stop it first, or give this one its own state directory`,
        { cause: error },
      );
    }
    throw new StoreError(`cannot lock ${directory}: ${messageOf(error)}`, { cause: error });
  }
  const held = database;
  return {
    release() {
      if (!held.isOpen) return;
      rmSync(pidPath, { force: true });
      held.close();
    },
  };
}

function holder(pidPath: string): string {
  try {
    const text = readFileSync(pidPath, 'utf8').trim();
    return /^\d+$/.test(text) ? `pid ${text}` : 'pid unknown';
  } catch {
    return 'pid unknown';
  }
}
