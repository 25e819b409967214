import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type Head, type SignedHead, signHead } from '../../audit/chain/heads.ts';
import type { Clock } from '../../clock.ts';
import { AuditReader } from './audit-reader.ts';
import type { Context } from './base-adapter.ts';
import type { Transactions } from './transactions.ts';

/** Heads that stay; any one of them vouches for everything before it. */
const keptHeads = 32;

/** What the daemon does for its audit log beside writing to it. Everything is part of the turn's transaction. */
export class AuditUpkeep {
  /** Sees what this process has not committed yet: only for what is written in the same turn. */
  readonly #reader: AuditReader;
  readonly #transactions: Transactions;
  readonly #clock: Clock;
  readonly #statements: ReturnType<typeof prepare>;

  constructor({ database, transactions, clock }: Context) {
    this.#reader = new AuditReader(database);
    this.#transactions = transactions;
    this.#clock = clock;
    this.#statements = prepare(database);
  }

  /**
   * Signs the end of the chain, if the newest head is older.
   * @returns false when there was nothing to sign, or no key to do it
   */
  seal(): boolean {
    this.#transactions.begin();
    const last = this.#reader.last();
    const signed = this.#transactions.get(this.#statements.newestHead) as
      | { sequence: number; hash: string | null }
      | undefined;
    if (!last || (signed?.sequence === last.id && signed.hash === last.hash)) return false;
    const head = this.sign({ sequence: last.id, hash: last.hash });
    if (head) this.#addHead(head);
    return head !== undefined;
  }

  /** How many records follow the newest head. */
  unsealed(): number {
    const signed = this.#statements.newestHead.get();
    return (this.#reader.last()?.id ?? 0) - Number(signed?.['sequence'] ?? 0);
  }

  /**
   * Deletes the records up to one of them, all of which must be kept elsewhere or be done with. The cut is signed.
   * @returns how many went; 0 while there is no key to sign the cut
   */
  remove(to: { readonly id: number; readonly hash: string | null }): number {
    this.#transactions.begin();
    if (to.id <= this.#reader.chain().removedTo) return 0;
    const head = this.sign({ sequence: to.id, hash: to.hash });
    if (!head) return 0;
    this.#transactions.run(this.#statements.mark, to.id, to.hash);
    this.#addHead(head);
    return this.#transactions.run(this.#statements.remove, to.id);
  }

  /** The last record that a sink has; undefined for a new one. */
  delivered(sink: string): number | undefined {
    const row = this.#statements.delivered.get(sink);
    return row === undefined ? undefined : Number(row['record']);
  }

  setDelivered(sink: string, id: number): void {
    this.#transactions.run(this.#statements.setDelivered, sink, id);
  }

  /** Signs the hash of a committed record. @returns undefined while there is no key */
  sign(end: Pick<Head, 'sequence' | 'hash'>): SignedHead | undefined {
    const { writer, first } = this.#reader.chain();
    const at = this.#clock.nowSeconds();
    return signHead(this.#reader.signingKeys(), { writer, first, ...end, at });
  }

  #addHead({ writer, sequence, hash, at, kid, signature }: SignedHead): void {
    const { addHead, pruneHeads } = this.#statements;
    this.#transactions.run(addHead, writer, sequence, hash, at, kid, signature);
    this.#transactions.run(pruneHeads, keptHeads);
  }
}

function prepare(database: DatabaseSync): Record<Name, StatementSync> {
  return {
    newestHead: database.prepare(
      'SELECT sequence, hash FROM audit_heads ORDER BY sequence DESC, id DESC LIMIT 1',
    ),
    addHead: database.prepare(
      'INSERT INTO audit_heads (writer, sequence, hash, at, kid, signature) VALUES (?, ?, ?, ?, ?, ?)',
    ),
    pruneHeads: database.prepare(
      `DELETE FROM audit_heads
       WHERE id NOT IN (SELECT id FROM audit_heads ORDER BY sequence DESC, id DESC LIMIT ?)
         AND sequence < (SELECT max(sequence) FROM audit_heads)
         AND sequence <> (SELECT removed_to FROM audit_chain)`,
    ),
    mark: database.prepare('UPDATE audit_chain SET removed_to = ?, removed_hash = ?'),
    remove: database.prepare('DELETE FROM audit WHERE id <= ?'),
    delivered: database.prepare('SELECT record FROM audit_deliveries WHERE sink = ?'),
    setDelivered: database.prepare(
      `INSERT INTO audit_deliveries (sink, record) VALUES (?, ?)
       ON CONFLICT (sink) DO UPDATE SET record = excluded.record`,
    ),
  };
}

type Name =
  | 'newestHead'
  | 'addHead'
  | 'pruneHeads'
  | 'mark'
  | 'remove'
  | 'delivered'
  | 'setDelivered';
