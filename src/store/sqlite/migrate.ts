import { linkSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { messageOf } from '../files.ts';
import { StoreError } from '../store.ts';
import { applicationId, pragma } from './check.ts';
import { copyDatabase, createPrivate, draftOf, syncFile } from './copy.ts';

/** SQL that leads from version n (its index) to n + 1. Released entries never change. */
export type Migrations = readonly string[];

export const migrations: Migrations = [
  readFileSync(new URL('./schema.sql', import.meta.url), 'utf8'),
  // what was taken over from other software, so that it is taken over once
  `CREATE TABLE imports (
     id INTEGER PRIMARY KEY,
     kind TEXT NOT NULL,
     name TEXT NOT NULL,
     digest TEXT NOT NULL,
     at INTEGER NOT NULL,
     UNIQUE (kind, name)
   ) STRICT;`,
  // who registered a client by itself (RFC 7591), from where, and whether it was of use
  `CREATE TABLE registrations (
     id INTEGER PRIMARY KEY,
     client_id TEXT NOT NULL UNIQUE,
     peer TEXT NOT NULL, -- whose quota it counts for
     subject TEXT, -- null: somebody without an identity
     login TEXT,
     device TEXT, -- StableID
     address TEXT NOT NULL,
     listener TEXT NOT NULL,
     origin TEXT, -- of the web page that asked
     registered_at INTEGER NOT NULL,
     used_at INTEGER -- last login or token, within a day
   ) STRICT;
   CREATE INDEX registrations_peer ON registrations (peer);`,
  // what people allowed to clients that came by themselves; an empty text stands for none
  `CREATE TABLE consents (
     id INTEGER PRIMARY KEY,
     client_id TEXT NOT NULL,
     subject TEXT NOT NULL,
     redirect_host TEXT NOT NULL,
     device TEXT NOT NULL, -- StableID, where the redirect leads back to the device
     redirects_digest TEXT NOT NULL, -- of the redirect URIs at that time, where a document may change them
     resource TEXT NOT NULL, -- none: the scopes that say who somebody is
     scopes TEXT NOT NULL, -- JSON array, sorted
     login TEXT NOT NULL,
     given_at INTEGER NOT NULL,
     used_at INTEGER NOT NULL, -- within a day
     expires_at INTEGER NOT NULL,
     UNIQUE (client_id, subject, redirect_host, device, resource)
   ) STRICT;
   CREATE INDEX consents_expiry ON consents (expires_at);`,
  // client ID metadata documents that somebody of the tailnet logged in with
  `CREATE TABLE metadata_documents (
     id INTEGER PRIMARY KEY,
     url TEXT NOT NULL UNIQUE,
     document TEXT, -- JSON as it was fetched; null: its host forbids to store it, or it is no longer good
     etag TEXT,
     last_modified TEXT,
     fetched_at INTEGER NOT NULL, -- or confirmed
     fresh_until INTEGER NOT NULL,
     mark TEXT -- approve, quarantine: an administrator said so; wait: for one
   ) STRICT;
   CREATE INDEX metadata_documents_age ON metadata_documents (fetched_at);`,
  // the audit log as a hash chain; the only way to delete is behind a mark that the rotation sets (`audit-rotate.ts`)
  `ALTER TABLE audit ADD COLUMN actors TEXT; -- JSON array of subjects
   ALTER TABLE audit ADD COLUMN resource TEXT; -- JSON array
   ALTER TABLE audit ADD COLUMN parents TEXT; -- JSON array, names as in jti
   ALTER TABLE audit ADD COLUMN listener TEXT;
   ALTER TABLE audit ADD COLUMN hash TEXT; -- null: older than the chain
   CREATE TABLE audit_chain (
     only INTEGER PRIMARY KEY CHECK (only = 1),
     writer TEXT NOT NULL,
     first INTEGER NOT NULL, -- record with which the chain begins
     removed_to INTEGER NOT NULL, -- records up to this one may be deleted
     removed_hash TEXT -- its hash
   ) STRICT;
   INSERT INTO audit_chain
     SELECT 1, lower(hex(randomblob(8))), coalesce(max(id), 0) + 1, 0, NULL FROM audit;
   CREATE TRIGGER audit_chain_goes_forward BEFORE UPDATE ON audit_chain
   WHEN NEW.only <> OLD.only OR NEW.writer <> OLD.writer OR NEW.first <> OLD.first
     OR NEW.removed_to < OLD.removed_to
   BEGIN
     SELECT RAISE (ABORT, 'the audit log is append-only');
   END;
   CREATE TRIGGER audit_chain_stays BEFORE DELETE ON audit_chain
   BEGIN
     SELECT RAISE (ABORT, 'the audit log is append-only');
   END;
   DROP TRIGGER audit_no_delete;
   CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
   WHEN OLD.id > coalesce((SELECT removed_to FROM audit_chain), 0)
   BEGIN
     SELECT RAISE (ABORT, 'the audit log is append-only');
   END;
   CREATE TABLE audit_heads (
     id INTEGER PRIMARY KEY,
     writer TEXT NOT NULL,
     sequence INTEGER NOT NULL, -- ID of the record whose hash was signed
     hash TEXT,
     at INTEGER NOT NULL,
     kid TEXT NOT NULL,
     signature TEXT NOT NULL -- compact JWS with all of this as its payload
   ) STRICT;
   CREATE TRIGGER audit_heads_stay BEFORE UPDATE ON audit_heads
   BEGIN
     SELECT RAISE (ABORT, 'signed heads are never changed');
   END;
   CREATE TABLE audit_deliveries (
     sink TEXT PRIMARY KEY,
     record INTEGER NOT NULL -- the last one that it has
   ) STRICT;`,
  // what was looked at of a metadata document, for when the document itself is not kept
  `ALTER TABLE metadata_documents ADD COLUMN seen TEXT NOT NULL DEFAULT '';
   DROP INDEX metadata_documents_age;
   CREATE INDEX metadata_documents_age ON metadata_documents (fetched_at, mark, url);`,
  // what waits for a code to be redeemed ends with it; null: it waits for nothing, or no longer (`redemption.ts`)
  `ALTER TABLE grants ADD COLUMN waits_until INTEGER; -- when it ends unless its code is redeemed
   CREATE INDEX grants_waiting ON grants (waits_until) WHERE waits_until IS NOT NULL;
   ALTER TABLE sessions ADD COLUMN redeemed_expires_at INTEGER; -- when it ends once a code of it is redeemed`,
  // who brought a metadata document first, in whose room it stands; null: before this was noted
  `ALTER TABLE metadata_documents ADD COLUMN brought_by TEXT; -- subject
   CREATE INDEX metadata_documents_person ON metadata_documents (brought_by);`,
];

/**
 * Makes a new database. It appears under its name complete and durable or not at all, so a file that is empty or
 * cut short was never made by us.
 */
export function createDatabase(path: string, steps: Migrations = migrations): void {
  const draft = draftOf(path);
  try {
    createPrivate(draft);
    const database = new DatabaseSync(draft);
    try {
      initialize(database, steps);
    } finally {
      database.close();
    }
    syncFile(draft);
    try {
      linkSync(draft, path);
    } catch (error) {
      // Another process was quicker; its database is as good.
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    syncFile(dirname(path));
  } catch (error) {
    throw new StoreError(`cannot create the database ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Brings an empty database, which nobody else has open, to the newest version. */
export function initialize(database: DatabaseSync, steps: Migrations = migrations): void {
  database.exec(
    `BEGIN; ${steps.join('\n')}
     PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${steps.length}; COMMIT`,
  );
}

/**
 * Brings an older database forward, in one transaction and after copying it to `<path>.v<version>.bak`.
 * @throws {StoreError} when it is newer than we know, or the copy or a step failed; it is then as it was
 */
export function migrateDatabase(
  database: DatabaseSync,
  path: string,
  steps: Migrations = migrations,
): void {
  const version = pragma(database, 'user_version');
  refuseNewer(path, version, steps);
  if (version === steps.length) return;
  try {
    copyDatabase(database, `${path}.v${version}.bak`);
    database.exec('BEGIN IMMEDIATE');
    // Another process may have been here meanwhile.
    const now = pragma(database, 'user_version');
    const sql = steps.slice(now).join('\n');
    database.exec(`${sql}\nPRAGMA user_version = ${Math.max(now, steps.length)}; COMMIT`);
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw new StoreError(
      `cannot bring ${path} from version ${version} to ${steps.length}: ${messageOf(error)}; it is as it was`,
      { cause: error },
    );
  }
}

export function refuseNewer(path: string, version: number, steps: Migrations = migrations): void {
  if (version <= steps.length) return;
  throw new StoreError(
    `${path} has schema version ${version}, this release knows versions up to ${steps.length}; nothing was touched. ` +
      'Start the newer release, or restore the copy that it made before it migrated (the .bak file beside it)',
  );
}
