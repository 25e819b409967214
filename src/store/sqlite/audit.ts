import type { StatementSync } from 'node:sqlite';
import { genesis, linkOf } from '../../audit/chain/chain.ts';
import { type AuditRow, fromRow, type StoredAudit, toRow } from '../../audit/chain/row.ts';
import { type AuditRecord, type AuditTable, StoreError } from '../store.ts';
import type { Context } from './base-adapter.ts';
import type { Transactions } from './transactions.ts';

type Last = [id: number, hash: string | null];

export class SqliteAudit implements AuditTable {
  readonly #transactions: Transactions;
  readonly #writer: string;
  readonly #insert: StatementSync;
  readonly #last: StatementSync;
  readonly #list: StatementSync;
  #failures = -1;
  #id = 0;
  #hash = genesis;

  constructor({ database, transactions }: Context) {
    this.#transactions = transactions;
    this.#writer = String(database.prepare('SELECT writer FROM audit_chain').get()?.['writer']);
    this.#insert = database.prepare(
      `INSERT INTO audit (id, at, event, subject, login, device, client, scope, reason, jti, detail,
         actors, resource, parents, listener, hash)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
    );
    this.#last = database.prepare('SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1');
    this.#last.setReturnArrays(true);
    this.#list = database.prepare('SELECT * FROM audit ORDER BY id DESC LIMIT ?');
  }

  /**
   * Goes on from the record that this process wrote last, unless that was undone. If another process has written
   * meanwhile, the ID is taken; while this transaction is open nobody else writes.
   */
  append(record: AuditRecord): void {
    this.#transactions.begin();
    if (this.#transactions.failures !== this.#failures) this.#findEnd();
    if (this.#write(record)) return;
    this.#findEnd();
    if (!this.#write(record)) throw new StoreError('the audit log has no place for a record');
  }

  async list(limit: number): Promise<StoredAudit[]> {
    return (this.#list.all(limit) as unknown as AuditRow[]).map(fromRow);
  }

  #write(record: AuditRecord): boolean {
    const row = toRow(this.#id + 1, record);
    const link = linkOf(this.#hash, this.#writer, row);
    const written = this.#transactions.run(
      this.#insert,
      row.id,
      row.at,
      row.event,
      row.subject,
      row.login,
      row.device,
      row.client,
      row.scope,
      row.reason,
      row.jti,
      row.detail,
      row.actors,
      row.resource,
      row.parents,
      row.listener,
      link,
    );
    if (written === 0) return false;
    this.#id = row.id;
    this.#hash = link;
    return true;
  }

  #findEnd(): void {
    const last = this.#transactions.get(this.#last) as Last | undefined;
    this.#id = last?.[0] ?? 0;
    this.#hash = last?.[1] ?? genesis;
    this.#failures = this.#transactions.failures;
  }
}
