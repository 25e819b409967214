import { systemClock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import { fileSize } from '../store/files.ts';
import { databasePath } from '../store/sqlite/open.ts';
import { openSqlite } from '../store/sqlite/sqlite.ts';
import type { Store } from '../store/store.ts';
import { asOwner } from './as-owner.ts';
import { CommandError } from './command.ts';

/** The database that the daemon uses; both may have it open. */
const databaseOf = (config: Config): string => databasePath(config.stateDirectory);

/** Opens the store, making it when there is none, and closes it after `act`. */
export const withStore = <T>(config: Config, act: (store: Store) => Promise<T>): Promise<T> =>
  opened(config, databaseOf(config), act);

/** As `withStore`, but in a directory without a database an empty store that leaves no trace. */
export const withExistingStore = async <T>(
  config: Config,
  act: (store: Store) => Promise<T>,
): Promise<T> => {
  const path = databaseOf(config);
  return opened(config, fileSize(path) === undefined ? ':memory:' : path, act);
};

/** As `withStore`, but never makes one. @throws {CommandError} when there is none, {StoreError} when it can't be read */
export const withDatabase = async <T>(
  config: Config,
  act: (store: Store) => Promise<T>,
): Promise<T> => opened(config, existingDatabase(config), act);

/** Its path. @throws {CommandError} when there is none, {StoreError} when that can't be known */
export const existingDatabase = (config: Config): string => {
  const path = databaseOf(config);
  if (fileSize(path) !== undefined) return path;
  throw new CommandError(
    `there is no database in ${config.stateDirectory}: name the daemon's configuration (--config) or state directory (--dir)`,
  );
};

const opened = async <T>(
  { stateDirectory }: Config,
  path: string,
  act: (store: Store) => Promise<T>,
): Promise<T> => {
  using _owner = asOwner(stateDirectory);
  const store = openSqlite({ path, clock: systemClock });
  try {
    return await act(store);
  } finally {
    await store.close();
  }
};

export const noSuchClient = (config: Config, id: string): CommandError =>
  new CommandError(
    `there is no client ${JSON.stringify(id)} in ${databaseOf(config)}: "tsidp clients list" names them`,
  );
