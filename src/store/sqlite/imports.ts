import type { StatementSync } from 'node:sqlite';
import type { ImportedItem, ImportTable } from '../store.ts';
import type { Context } from './base-adapter.ts';
import type { Transactions } from './transactions.ts';

export class SqliteImports implements ImportTable {
  readonly #transactions: Transactions;
  readonly #insert: StatementSync;
  readonly #list: StatementSync;

  constructor({ database, transactions }: Context) {
    this.#transactions = transactions;
    this.#insert = database.prepare(
      'INSERT INTO imports (kind, name, digest, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
    );
    this.#list = database.prepare('SELECT kind, name, digest, at FROM imports ORDER BY id');
  }

  async list(): Promise<ImportedItem[]> {
    const rows = this.#list.all() as unknown as ImportedItem[];
    return rows.map(({ kind, name, digest, at }) => ({ kind, name, digest, at }));
  }

  async add({ kind, name, digest, at }: ImportedItem): Promise<boolean> {
    return this.#transactions.run(this.#insert, kind, name, digest, at) === 1;
  }
}
