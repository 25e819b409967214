import type { StatementSync } from 'node:sqlite';
import type { Context } from './base-adapter.ts';
import type { DocumentTable, KnownDocument } from './document-table.ts';
import type { Transactions } from './transactions.ts';

const maxDocuments = 500;

interface Row {
  url: string;
  document: string | null;
  etag: string | null;
  last_modified: string | null;
  fetched_at: number;
  fresh_until: number;
}

export class SqliteDocuments implements DocumentTable {
  readonly #transactions: Transactions;
  readonly #select: StatementSync;
  readonly #save: StatementSync;
  readonly #trim: StatementSync;

  constructor({ database, transactions }: Context) {
    this.#transactions = transactions;
    this.#select = database.prepare('SELECT * FROM metadata_documents WHERE url = ?');
    this.#save = database.prepare(
      `INSERT INTO metadata_documents (url, document, etag, last_modified, fetched_at, fresh_until)
       VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (url) DO UPDATE SET document = excluded.document, etag = excluded.etag,
         last_modified = excluded.last_modified, fetched_at = excluded.fetched_at,
         fresh_until = excluded.fresh_until`,
    );
    this.#trim = database.prepare(
      `DELETE FROM metadata_documents WHERE id IN
         (SELECT id FROM metadata_documents ORDER BY fetched_at DESC, id DESC LIMIT -1 OFFSET ?)`,
    );
  }

  async find(url: string): Promise<KnownDocument | undefined> {
    const row = this.#select.get(url) as Row | undefined;
    return (
      row && {
        url: row.url,
        document: row.document ?? undefined,
        etag: row.etag ?? undefined,
        lastModified: row.last_modified ?? undefined,
        fetchedAt: row.fetched_at,
        freshUntil: row.fresh_until,
      }
    );
  }

  async save(known: KnownDocument): Promise<void> {
    this.#transactions.run(
      this.#save,
      known.url,
      known.document ?? null,
      known.etag ?? null,
      known.lastModified ?? null,
      known.fetchedAt,
      known.freshUntil,
    );
    this.#transactions.run(this.#trim, maxDocuments);
  }
}
