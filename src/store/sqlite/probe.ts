import { randomBytes } from 'node:crypto';
import type { StatementSync } from 'node:sqlite';
import type { Context } from './base-adapter.ts';
import type { Transactions } from './transactions.ts';

/** What a login writes to. `audit` last: nothing is ever deleted there. */
const inserts = [
  'INSERT INTO interactions (digest, sealed, expires_at) VALUES (?1, ?1, 0)',
  "INSERT INTO sessions (digest, uid_digest, payload, expires_at) VALUES (?1, ?1, '{}', 0)",
  "INSERT INTO grants (digest, payload, created_at, expires_at) VALUES (?1, '{}', 0, 0)",
  "INSERT INTO codes (digest, grant_digest, payload, expires_at) VALUES (?1, ?1, '{}', 0)",
  "INSERT INTO access_tokens (digest, grant_digest, payload, expires_at) VALUES (?1, ?1, '{}', 0)",
  `INSERT INTO refresh_tokens (digest, grant_digest, payload, expires_at, generation)
     VALUES (?1, ?1, '{}', 0, 0)`,
  `INSERT INTO audit (id, at, event, detail)
     SELECT coalesce(max(id), 0) + 1, 0, 'start', hex(?1) FROM audit`,
];

/** Does what a login does to the database, and leaves nothing of it but a transaction that was committed. */
export class Probe {
  readonly #transactions: Transactions;
  readonly #begin: StatementSync;
  readonly #inserts: readonly StatementSync[];
  readonly #undo: readonly StatementSync[];
  readonly #write: StatementSync;
  readonly #remove: StatementSync;

  constructor({ database, transactions }: Context) {
    this.#transactions = transactions;
    this.#begin = database.prepare('SAVEPOINT probe');
    this.#inserts = inserts.map((sql) => database.prepare(sql));
    this.#undo = ['ROLLBACK TO probe', 'RELEASE probe'].map((sql) => database.prepare(sql));
    // what a savepoint took back need not reach the disk; this does
    this.#write = database.prepare(
      'INSERT INTO interactions (digest, sealed, expires_at) VALUES (?1, ?1, 0)',
    );
    this.#remove = database.prepare('DELETE FROM interactions WHERE digest = ?1');
  }

  /** @throws StoreError when a login would fail */
  run(): void {
    const digest = randomBytes(32);
    this.#transactions.begin();
    this.#transactions.run(this.#begin);
    for (const statement of this.#inserts) this.#transactions.run(statement, digest);
    for (const statement of this.#undo) this.#transactions.run(statement);
    this.#transactions.run(this.#write, digest);
    this.#transactions.run(this.#remove, digest);
  }
}
