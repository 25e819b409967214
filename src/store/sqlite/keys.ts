import type { StatementSync } from 'node:sqlite';
import { type KeyPurpose, type KeyTable, type StoredKey, StoreError } from '../store.ts';
import type { Context } from './base-adapter.ts';
import type { Transactions } from './transactions.ts';

interface KeyRow {
  id: string;
  purpose: KeyPurpose;
  algorithm: string;
  material: string;
  created_at: number;
}

export class SqliteKeys implements KeyTable {
  readonly #transactions: Transactions;
  readonly #insert: StatementSync;
  readonly #list: StatementSync;

  constructor({ database, transactions }: Context) {
    this.#transactions = transactions;
    this.#insert = database.prepare(
      `INSERT INTO keys (id, purpose, algorithm, material, created_at) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (id) DO NOTHING`,
    );
    this.#list = database.prepare('SELECT * FROM keys ORDER BY created_at, rowid');
  }

  async list(): Promise<StoredKey[]> {
    return (this.#list.all() as unknown as KeyRow[]).map((row) => ({
      id: row.id,
      purpose: row.purpose,
      algorithm: row.algorithm,
      material: row.material,
      createdAt: row.created_at,
    }));
  }

  /** @throws {StoreError} when a key of that ID exists: keys are never overwritten */
  async add(key: StoredKey): Promise<void> {
    const added = this.#transactions.run(
      this.#insert,
      key.id,
      key.purpose,
      key.algorithm,
      key.material,
      key.createdAt,
    );
    if (added === 0) throw new StoreError(`a key named ${key.id} exists already`);
  }
}
