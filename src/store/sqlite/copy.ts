import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { messageOf } from '../files.ts';
import { StoreError } from '../store.ts';
import { checkDatabase } from './check.ts';

/** Pages per step of a backup: all of them, so that one read transaction sees one state however busy the writer is. */
const allPages = 2 ** 31 - 1;

/**
 * Copies the database at `path` into a file of mode 0600 (it holds private keys). Replaces an older file only when
 * the copy is complete, sound and durable.
 * @param location of a database at rest: what SQLite opens in the place of `path`
 */
export async function backUp(path: string, target: string, location = path): Promise<void> {
  if (path === ':memory:') throw new StoreError('a store in memory cannot be copied to a file');
  const draft = draftOf(target);
  // A connection of its own: SQLite refuses to back up from one that is writing.
  let source: DatabaseSync | undefined;
  try {
    createPrivate(draft);
    source = new DatabaseSync(location, { readOnly: true, timeout: 5000 });
    await backup(source, draft, { rate: allPages });
    // a damaged page is copied as it is: better no new backup than one in the place of a good one
    checkDatabase(draft, statSync(draft).size);
    publish(draft, target);
  } catch (error) {
    throw new StoreError(`cannot copy ${path} to ${target}: ${messageOf(error)}`, { cause: error });
  } finally {
    source?.close();
    rmSync(draft, { force: true });
  }
}

/** The same at once, from an open connection, for the copy before a migration. */
export function copyDatabase(database: DatabaseSync, target: string): void {
  const draft = draftOf(target);
  try {
    createPrivate(draft);
    database.prepare('VACUUM INTO ?').run(draft);
    publish(draft, target);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** A name beside the target that nobody else uses. */
export function draftOf(target: string): string {
  return `${target}.${randomBytes(6).toString('hex')}.new`;
}

/** SQLite keeps the mode of a file that exists. */
export function createPrivate(path: string): void {
  closeSync(openSync(path, 'wx', 0o600));
}

/** Makes a file's content, or a directory's entries, durable. */
export function syncFile(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function publish(draft: string, target: string): void {
  syncFile(draft);
  renameSync(draft, target);
  syncFile(dirname(target));
}
