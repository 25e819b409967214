import type { StatementSync } from 'node:sqlite';
import type {
  DocumentMark,
  DocumentTable,
  KnownDocument,
  MarkedDocument,
} from '../document-table.ts';
import type { Context } from './base-adapter.ts';
import type { Transactions } from './transactions.ts';

/** Of one person, that they allowed something; and as many that they only named. */
const room = 50;

interface Row {
  url: string;
  document: string | null;
  etag: string | null;
  last_modified: string | null;
  fetched_at: number;
  fresh_until: number;
  seen: string;
  mark: DocumentMark | null;
}

export class SqliteDocuments implements DocumentTable {
  readonly #transactions: Transactions;
  readonly #select: StatementSync;
  readonly #list: StatementSync;
  readonly #selectMark: StatementSync;
  readonly #save: StatementSync;
  readonly #trim: StatementSync;
  readonly #mark: StatementSync;
  readonly #delete: StatementSync;

  constructor({ database, transactions }: Context) {
    this.#transactions = transactions;
    this.#select = database.prepare('SELECT * FROM metadata_documents WHERE url = ?');
    this.#list = database.prepare('SELECT * FROM metadata_documents ORDER BY id');
    this.#selectMark = database.prepare('SELECT mark FROM metadata_documents WHERE url = ?');
    this.#save = database.prepare(
      `INSERT INTO metadata_documents
         (url, document, etag, last_modified, fetched_at, fresh_until, seen, brought_by)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (url) DO UPDATE SET document = excluded.document, etag = excluded.etag,
         last_modified = excluded.last_modified, fetched_at = excluded.fetched_at,
         fresh_until = excluded.fresh_until, seen = excluded.seen`,
    );
    // each person has their own room, and what they use is not pushed out by what they only name
    this.#trim = database.prepare(
      `DELETE FROM metadata_documents WHERE id IN
         (SELECT id FROM (SELECT id, row_number() OVER (
            PARTITION BY EXISTS (SELECT 1 FROM consents WHERE consents.client_id = url)
            ORDER BY fetched_at DESC, id DESC) AS place
          FROM metadata_documents
          WHERE brought_by = ?1 AND (mark IS NULL OR mark = 'wait')
            AND NOT EXISTS (SELECT 1 FROM consents WHERE consents.client_id = url AND subject <> ?1))
          WHERE place > ${room})`,
    );
    this.#mark = database.prepare('UPDATE metadata_documents SET mark = ? WHERE url = ?');
    this.#delete = database.prepare('DELETE FROM metadata_documents WHERE url = ?');
  }

  async find(url: string): Promise<MarkedDocument | undefined> {
    const row = this.#select.get(url) as Row | undefined;
    return row && fromRow(row);
  }

  async list(): Promise<MarkedDocument[]> {
    return (this.#list.all() as unknown as Row[]).map(fromRow);
  }

  async stateOf(url: string): Promise<Pick<MarkedDocument, 'mark'> | undefined> {
    const row = this.#selectMark.get(url) as Pick<Row, 'mark'> | undefined;
    return row && { mark: row.mark ?? undefined };
  }

  async save(known: KnownDocument, broughtBy?: string): Promise<void> {
    this.#transactions.run(
      this.#save,
      known.url,
      known.document ?? null,
      known.etag ?? null,
      known.lastModified ?? null,
      known.fetchedAt,
      known.freshUntil,
      known.seen,
      broughtBy ?? null,
    );
    if (broughtBy !== undefined) this.#transactions.run(this.#trim, broughtBy);
  }

  async mark(url: string, mark: DocumentMark | undefined): Promise<boolean> {
    return this.#transactions.run(this.#mark, mark ?? null, url) === 1;
  }

  async remove(url: string): Promise<boolean> {
    return this.#transactions.run(this.#delete, url) === 1;
  }
}

function fromRow(row: Row): MarkedDocument {
  return {
    url: row.url,
    document: row.document ?? undefined,
    etag: row.etag ?? undefined,
    lastModified: row.last_modified ?? undefined,
    fetchedAt: row.fetched_at,
    freshUntil: row.fresh_until,
    seen: row.seen,
    mark: row.mark ?? undefined,
  };
}
