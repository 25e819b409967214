import { existsSync } from 'node:fs';
import { systemClock } from '../clock.ts';
import type { Config } from '../config.ts';
import { databasePath } from '../store/open.ts';
import { openSqlite } from '../store/sqlite.ts';
import type { Store, StoredClient } from '../store/store.ts';
import { CommandError } from './command.ts';

/** The database that the daemon uses; both may have it open. */
const databaseOf = (config: Config): string => databasePath(config.stateDirectory);

/** Opens the store, making it when there is none, and closes it after `act`. */
export const withStore = async <T>(
  config: Config,
  act: (store: Store) => Promise<T>,
): Promise<T> => {
  const store = openSqlite({ path: databaseOf(config), clock: systemClock });
  try {
    return await act(store);
  } finally {
    await store.close();
  }
};

/** As `withStore`, but leaves a directory without a database alone. */
export const withExistingStore = async <T>(
  config: Config,
  without: T,
  act: (store: Store) => Promise<T>,
): Promise<T> => (existsSync(databaseOf(config)) ? withStore(config, act) : without);

/** Acts on one client that a command may change, and records what was done in the audit table. */
export const changeClient = async (
  config: Config,
  id: string,
  action: string,
  change: (client: StoredClient, store: Store) => Promise<void>,
): Promise<StoredClient> => {
  refuseConfigured(config, id);
  const changed = await withExistingStore(config, undefined, async (store) => {
    const client = await store.clients.find(id);
    if (client === undefined) return undefined;
    await change(client, store);
    recordChange(store, id, action);
    await store.committed();
    return client;
  });
  if (changed === undefined) throw noSuchClient(config, id);
  return changed;
};

/** Written with the change itself: neither is durable without the other. */
export const recordChange = (store: Store, id: string, action: string): void => {
  store.audit.append({
    at: systemClock.nowSeconds(),
    event: 'client',
    client: id,
    detail: { action, by: 'cli' },
  });
};

export const isConfigured = (config: Config, id: string): boolean =>
  config.clients.some((client) => client.id === id);

const refuseConfigured = (config: Config, id: string): void => {
  if (isConfigured(config, id)) {
    throw new CommandError(
      `client "${id}" is declared in the configuration file: change it there and restart tsidp`,
    );
  }
};

export const noSuchClient = (config: Config, id: string): CommandError =>
  new CommandError(
    `there is no client ${JSON.stringify(id)} in ${databaseOf(config)}: "tsidp clients list" names them`,
  );
