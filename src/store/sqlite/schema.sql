-- Version 1. Times are seconds since the epoch. A `digest` is the SHA-256 of the value a client, browser or
-- device holds (time-order.ts: with the value's time in front, where it has one); the value itself is nowhere in
-- this file. Only src/store/ knows these tables.
-- Rows point to their oidc-provider Grant by digest, never by rowid: SQLite may give a freed rowid to the next
-- row, and a dead token must not come alive with a stranger's Grant. There is no foreign key on purpose:
-- deleting one Grant row revokes its whole family, and the sweep takes the dead tokens away when they expire.

-- oidc-provider Grants: one for each authorization, so one token family each.
CREATE TABLE grants (
  id INTEGER PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE,
  subject TEXT,
  client_id TEXT,
  device TEXT, -- StableID
  payload TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  generation INTEGER NOT NULL DEFAULT 0, -- how often the family's refresh token was rotated
  rotated_digest BLOB, -- the refresh token that the latest rotation used up
  rotated_at INTEGER
) STRICT;
CREATE INDEX grants_expiry ON grants (expires_at);

CREATE TABLE codes (
  id INTEGER PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE,
  grant_digest BLOB,
  payload TEXT NOT NULL,
  expires_at INTEGER,
  consumed_at INTEGER
) STRICT;

CREATE TABLE access_tokens (
  id INTEGER PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE,
  grant_digest BLOB,
  payload TEXT NOT NULL,
  expires_at INTEGER
) STRICT;
CREATE INDEX access_tokens_expiry ON access_tokens (expires_at);

CREATE TABLE refresh_tokens (
  id INTEGER PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE,
  grant_digest BLOB,
  payload TEXT NOT NULL,
  expires_at INTEGER,
  generation INTEGER NOT NULL -- 0 for the first of its family
) STRICT;
CREATE INDEX refresh_tokens_expiry ON refresh_tokens (expires_at);

CREATE TABLE sessions (
  id INTEGER PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE,
  uid_digest BLOB,
  payload TEXT NOT NULL,
  expires_at INTEGER
) STRICT;
CREATE INDEX sessions_uid ON sessions (uid_digest);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE interactions (
  id INTEGER PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE,
  sealed BLOB NOT NULL, -- the whole payload, readable with the interaction's ID only
  expires_at INTEGER
) STRICT;
CREATE INDEX interactions_expiry ON interactions (expires_at);

-- Every other model of oidc-provider.
CREATE TABLE records (
  id INTEGER PRIMARY KEY,
  model TEXT NOT NULL,
  digest BLOB NOT NULL,
  grant_digest BLOB,
  payload TEXT NOT NULL,
  sealed BLOB, -- members that hold credentials, readable with the record's ID only
  user_code_digest BLOB,
  user_code_sealed BLOB, -- the record's ID, readable with the user code only
  expires_at INTEGER,
  consumed_at INTEGER,
  UNIQUE (model, digest)
) STRICT;
CREATE INDEX records_expiry ON records (expires_at);
CREATE INDEX records_user_code ON records (user_code_digest) WHERE user_code_digest IS NOT NULL;

CREATE TABLE clients (
  id TEXT PRIMARY KEY,
  metadata TEXT NOT NULL,
  secret_verifier TEXT,
  source TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE keys (
  id TEXT PRIMARY KEY,
  purpose TEXT NOT NULL,
  algorithm TEXT NOT NULL,
  material TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE TRIGGER keys_stay BEFORE UPDATE ON keys
BEGIN
  SELECT RAISE (ABORT, 'keys are never overwritten');
END;

CREATE TABLE audit (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  event TEXT NOT NULL,
  subject TEXT,
  login TEXT,
  device TEXT,
  client TEXT,
  scope TEXT,
  reason TEXT,
  jti TEXT, -- JSON array
  detail TEXT -- JSON object
) STRICT;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN
  SELECT RAISE (ABORT, 'the audit log is append-only');
END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN
  SELECT RAISE (ABORT, 'the audit log is append-only');
END;
