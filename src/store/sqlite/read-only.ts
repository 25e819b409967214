import { DatabaseSync } from 'node:sqlite';
import { fileSize, messageOf } from '../files.ts';
import { StoreError } from '../store.ts';
import { checkDatabase, readOnlyLocation } from './check.ts';
import { migrations, refuseNewer } from './migrate.ts';

/**
 * Opens a database to look at it, also while a daemon uses it: sees what is committed, and changes nothing.
 * @throws StoreError when there is none, it is damaged or not ours, or a daemon has to bring it forward first
 */
export function openToRead(path: string): DatabaseSync {
  const sizeBytes = fileSize(path);
  if (sizeBytes === undefined) throw new StoreError(`there is no database ${path}`);
  const version = checkDatabase(path, sizeBytes);
  refuseNewer(path, version);
  if (version < migrations.length) {
    throw new StoreError(
      `${path} is of an older release (schema version ${version}): start this release's daemon on it once`,
    );
  }
  return connectToRead(path);
}

/** The same of a database that was checked when the store was opened. */
export function connectToRead(path: string): DatabaseSync {
  try {
    return new DatabaseSync(readOnlyLocation(path), { readOnly: true, timeout: 5000 });
  } catch (error) {
    throw new StoreError(`${path} can't be read: ${messageOf(error)}`, { cause: error });
  }
}
