import { join } from 'node:path';
import { lockDirectory } from './lock.ts';
import { openSqlite, type SqliteOptions, type SqliteStore } from './sqlite.ts';

export interface State {
  readonly store: SqliteStore;
  close(): Promise<void>;
}

/** Where the database of a state directory is. */
export function databasePath(directory: string): string {
  return join(directory, 'tsidp.db');
}

/**
 * Opens a state directory for a daemon: takes its lock, then the database.
 * @throws StoreError
 */
export async function openState(
  directory: string,
  options: Omit<SqliteOptions, 'path'>,
): Promise<State> {
  const lock = lockDirectory(directory);
  try {
    const store = openSqlite({ ...options, path: databasePath(directory) });
    return {
      store,
      async close() {
        await store.close();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}
