import type { StatementSync } from 'node:sqlite';
import type { Context } from './base-adapter.ts';
import type { AuditEvent, AuditRecord, AuditTable } from './store.ts';
import type { Transactions } from './transactions.ts';

interface AuditRow {
  id: number;
  at: number;
  event: AuditEvent;
  subject: string | null;
  login: string | null;
  device: string | null;
  client: string | null;
  scope: string | null;
  reason: string | null;
  jti: string | null;
  detail: string | null;
}

export class SqliteAudit implements AuditTable {
  readonly #transactions: Transactions;
  readonly #insert: StatementSync;
  readonly #list: StatementSync;

  constructor({ database, transactions }: Context) {
    this.#transactions = transactions;
    this.#insert = database.prepare(
      `INSERT INTO audit (at, event, subject, login, device, client, scope, reason, jti, detail)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#list = database.prepare('SELECT * FROM audit ORDER BY id DESC LIMIT ?');
  }

  append(record: AuditRecord): void {
    this.#transactions.run(
      this.#insert,
      record.at,
      record.event,
      record.subject ?? null,
      record.login ?? null,
      record.device ?? null,
      record.client ?? null,
      record.scope ?? null,
      record.reason ?? null,
      record.jti ? JSON.stringify(record.jti) : null,
      record.detail ? JSON.stringify(record.detail) : null,
    );
  }

  async list(limit: number): Promise<(AuditRecord & { readonly id: number })[]> {
    return (this.#list.all(limit) as unknown as AuditRow[]).map(fromRow);
  }
}

function fromRow(row: AuditRow): AuditRecord & { readonly id: number } {
  return {
    id: row.id,
    at: row.at,
    event: row.event,
    subject: row.subject ?? undefined,
    login: row.login ?? undefined,
    device: row.device ?? undefined,
    client: row.client ?? undefined,
    scope: row.scope ?? undefined,
    reason: row.reason ?? undefined,
    jti: row.jti === null ? undefined : JSON.parse(row.jti),
    detail: row.detail === null ? undefined : JSON.parse(row.detail),
  };
}
