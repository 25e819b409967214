import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { ChainState } from '../../audit/chain/chain.ts';
import type { SignedHead } from '../../audit/chain/heads.ts';
import type { AuditRow } from '../../audit/chain/row.ts';
import type { StoredKey } from '../store.ts';

/** Which records; all conditions hold at once. */
export interface AuditFilter {
  /** Subject or login of the person or machine that it is about, or the subject of one who acts for it. */
  readonly subject?: string | undefined;
  readonly client?: string | undefined;
  /** StableID. */
  readonly device?: string | undefined;
  readonly event?: string | undefined;
  /** Epoch seconds, inclusive. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
}

/** Reads the audit log over a connection that somebody else opens and closes. */
export class AuditReader {
  readonly #database: DatabaseSync;
  readonly #after: StatementSync;
  readonly #last: StatementSync;
  readonly #headsAfter: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#after = database.prepare('SELECT * FROM audit WHERE id > ? ORDER BY id LIMIT ?');
    this.#last = database.prepare('SELECT * FROM audit ORDER BY id DESC LIMIT 1');
    this.#headsAfter = database.prepare('SELECT * FROM audit_heads WHERE id > ? ORDER BY id');
  }

  /** @throws Error when it does not hold exactly one: somebody has been at it */
  chain(): ChainState {
    const rows = this.#database.prepare('SELECT * FROM audit_chain').all();
    const [row] = rows;
    if (!row || rows.length !== 1) throw new Error(`audit_chain has ${rows.length} rows`);
    return {
      writer: String(row['writer']),
      first: Number(row['first']),
      removedTo: Number(row['removed_to']),
      removedHash: row['removed_hash'] === null ? null : String(row['removed_hash']),
    };
  }

  last(): AuditRow | undefined {
    return this.#last.get() as unknown as AuditRow | undefined;
  }

  oldest(): AuditRow | undefined {
    return this.after(0, 1)[0];
  }

  /** At most `limit` records that follow the ID, oldest first. */
  after(id: number, limit: number): AuditRow[] {
    return this.#after.all(id, limit) as unknown as AuditRow[];
  }

  /** All, oldest first, without holding them in memory. */
  all(): IterableIterator<AuditRow> {
    const rows = this.#database.prepare('SELECT * FROM audit ORDER BY id').iterate();
    return rows as unknown as IterableIterator<AuditRow>;
  }

  /** The newest `limit` that the filter lets through, and follow `afterId`; oldest first. */
  find(filter: AuditFilter, limit: number, afterId = 0): AuditRow[] {
    const conditions = ['id > ?'];
    const values: SQLInputValue[] = [afterId];
    const where = (condition: string, ...given: (SQLInputValue | undefined)[]): void => {
      const known = given.filter((value) => value !== undefined);
      if (known.length === 0) return;
      conditions.push(condition);
      values.push(...known);
    };
    const { subject } = filter;
    where(
      '(subject = ? OR login = ? OR EXISTS (SELECT 1 FROM json_each(actors) WHERE value = ?))',
      ...[subject, subject, subject],
    );
    where('client = ?', filter.client);
    where('device = ?', filter.device);
    where('event = ?', filter.event);
    where('at >= ?', filter.since);
    where('at <= ?', filter.until);
    const rows = this.#database
      .prepare(`SELECT * FROM audit WHERE ${conditions.join(' AND ')} ORDER BY id DESC LIMIT ?`)
      .all(...values, limit);
    return (rows as unknown as AuditRow[]).reverse();
  }

  /** Signed heads with the chain's beginning, which they vouch for, too; oldest first. */
  heads(first: number): SignedHead[] {
    return this.headsAfter(0, first).map(({ head }) => head);
  }

  headsAfter(id: number, first: number): { readonly id: number; readonly head: SignedHead }[] {
    return this.#headsAfter.all(id).map((row) => ({
      id: Number(row['id']),
      head: {
        writer: String(row['writer']),
        first,
        sequence: Number(row['sequence']),
        hash: row['hash'] === null ? null : String(row['hash']),
        at: Number(row['at']),
        kid: String(row['kid']),
        signature: String(row['signature']),
      },
    }));
  }

  /** ID of its row; 0 without any. */
  newestHead(): number {
    return Number(this.#database.prepare('SELECT max(id) AS id FROM audit_heads').get()?.['id']);
  }

  /** For the verification of heads. */
  signingKeys(): StoredKey[] {
    const rows = this.#database.prepare("SELECT * FROM keys WHERE purpose = 'signing'").all();
    return rows.map((row) => ({
      id: String(row['id']),
      purpose: 'signing',
      algorithm: String(row['algorithm']),
      material: String(row['material']),
      createdAt: Number(row['created_at']),
    }));
  }
}
