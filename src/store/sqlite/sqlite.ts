import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../clock.ts';
import { messageOf, prepareDirectory, restrictFile } from '../files.ts';
import { type Store, StoreError } from '../store.ts';
import { modelAdapters } from './adapter.ts';
import { SqliteAudit } from './audit.ts';
import { AuditUpkeep } from './audit-upkeep.ts';
import { checkDatabase } from './check.ts';
import { SqliteClients } from './clients.ts';
import { SqliteConsents } from './consents.ts';
import { backUp } from './copy.ts';
import { SqliteFamilies } from './families.ts';
import { SqliteImports } from './imports.ts';
import { SqliteKeys } from './keys.ts';
import { SqliteDocuments } from './metadata-documents.ts';
import { createDatabase, initialize, migrateDatabase, refuseNewer } from './migrate.ts';
import { Probe } from './probe.ts';
import { SqliteRegistrations } from './registrations.ts';
import { Sweep } from './sweep.ts';
import { Transactions } from './transactions.ts';

export interface SqliteOptions {
  /** File, made when there is none; `:memory:` for tests. */
  readonly path: string;
  readonly clock: Clock;
  /** How long a rotated refresh token may be presented again. Default 10. */
  readonly refreshGraceSeconds?: number;
}

export interface SqliteStore extends Store {
  /** Signing, rotating and delivering the audit log. */
  readonly auditUpkeep: AuditUpkeep;
  /** Successful commits since the start. */
  readonly commits: number;
  /**
   * Copies the database, also while it is in use, into a file of mode 0600, which replaces one of that name only
   * when it is complete and durable.
   */
  backup(path: string): Promise<void>;
}

/** A command's transaction takes milliseconds; this is for a disk that hangs. The event loop waits meanwhile. */
const busyTimeoutMs = 5000;
const cacheKib = 16_384;
/** The log grows to 16 MiB. A tenth less CPU a login than with 1000, and the longest commit stays below 20 ms. */
const checkpointPages = 4000;

/**
 * Opens the store. Checks an existing database before anything is written to it.
 * @throws {StoreError} naming the file, what is wrong and how to recover
 */
export function openSqlite(options: SqliteOptions): SqliteStore {
  return storeOver(options.path === ':memory:' ? openMemory() : openFile(options.path), options);
}

/** The store over a database that is open and has the newest schema. */
export function storeOver(database: DatabaseSync, options: SqliteOptions): SqliteStore {
  const { path, clock } = options;
  const transactions = new Transactions(database, path);
  const context = { database, transactions, clock };
  const adapters = modelAdapters(context, {
    refreshGraceSeconds: options.refreshGraceSeconds ?? 10,
  });
  const sweep = new Sweep(context);
  const probe = new Probe(context);
  const clients = new SqliteClients(context);
  return {
    adapter: adapters,
    clients,
    registrations: new SqliteRegistrations(context, clients),
    consents: new SqliteConsents(context),
    documents: new SqliteDocuments(context),
    audit: new SqliteAudit(context),
    auditUpkeep: new AuditUpkeep(context),
    families: new SqliteFamilies(context),
    keys: new SqliteKeys(context),
    imports: new SqliteImports(context),
    get commits() {
      return transactions.commits;
    },
    get failures() {
      return transactions.failures;
    },
    committed: (failuresBefore) => transactions.committed(failuresBefore),
    probe: async () => probe.run(),
    sweep: async (nowSeconds, limit) => sweep.run(nowSeconds, limit),
    async backup(target) {
      transactions.flush();
      await backUp(path, target);
    },
    async close() {
      if (!database.isOpen) return;
      transactions.flush();
      database.close();
    },
  };
}

function openMemory(): DatabaseSync {
  const database = new DatabaseSync(':memory:');
  initialize(database);
  return database;
}

function openFile(path: string): DatabaseSync {
  prepareDirectory(dirname(path));
  for (const suffix of ['-wal', '-shm']) restrictFile(path + suffix);
  const sizeBytes = restrictFile(path);
  if (sizeBytes === undefined) createDatabase(path);
  else refuseNewer(path, checkDatabase(path, sizeBytes));
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: busyTimeoutMs, defensive: true });
    database.exec(
      `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF;
       PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;
       PRAGMA cache_size = ${-cacheKib}; PRAGMA wal_autocheckpoint = ${checkpointPages}`,
    );
    migrateDatabase(database, path);
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof StoreError) throw error;
    throw new StoreError(`cannot open the database ${path}: ${messageOf(error)}`, { cause: error });
  }
}
