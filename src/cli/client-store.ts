import { existsSync } from 'node:fs';
import { systemClock } from '../clock.ts';
import type { Config } from '../config.ts';
import { databasePath } from '../store/open.ts';
import { openSqlite } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';
import { CommandError } from './command.ts';

/** The database that the daemon uses; both may have it open. */
const databaseOf = (config: Config): string => databasePath(config.stateDirectory);

/** Opens the store, making it when there is none, and closes it after `act`. */
export const withStore = <T>(config: Config, act: (store: Store) => Promise<T>): Promise<T> =>
  opened(databaseOf(config), act);

/** As `withStore`, but in a directory without a database an empty store that leaves no trace. */
export const withExistingStore = <T>(
  config: Config,
  act: (store: Store) => Promise<T>,
): Promise<T> => {
  const path = databaseOf(config);
  return opened(existsSync(path) ? path : ':memory:', act);
};

const opened = async <T>(path: string, act: (store: Store) => Promise<T>): Promise<T> => {
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
