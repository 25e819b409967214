import { hash } from 'node:crypto';
import type { AuditRow } from './row.ts';

/** What stands for the hash before the first. */
export const genesis = '0'.repeat(64);

/** The chain of a database; one writer at a time holds its write lock, so all processes share the chain. */
export interface ChainState {
  /** Names this chain: 16 hexadecimal digits, made with the database. */
  readonly writer: string;
  /** ID of the first record that has a hash. */
  readonly first: number;
  /** Records up to this ID were rotated away; 0: none. */
  readonly removedTo: number;
  /** Hash of the last of those; null: it had none. */
  readonly removedHash: string | null;
}

/**
 * A record's link of the chain: SHA-256, in hexadecimal, over the hash before it, a line feed and a JSON array of the
 * columns as they are stored (docs/audit.md). A column that a later version adds follows at the end and is left
 * out while it is null, so that older records keep their hash.
 */
export function linkOf(previous: string, writer: string, row: Omit<AuditRow, 'hash'>): string {
  const content = JSON.stringify([
    writer,
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
  ]);
  return hash('sha256', `${previous}\n${content}`, 'hex');
}

/** What is wrong with the records from `from` to `to`. */
export interface ChainProblem {
  readonly from: number;
  readonly to: number;
  readonly what: string;
}

/** Follows records in the order of their IDs and tells what does not fit. */
export class ChainCheck {
  chained = 0;
  unchained = 0;
  readonly problems: ChainProblem[] = [];
  readonly #state: Pick<ChainState, 'writer' | 'first'>;
  #id: number;
  #hash: string | null;

  /** @param before the record in front of the first one that will be given */
  constructor(
    state: Pick<ChainState, 'writer' | 'first'>,
    before: { id: number; hash: string | null },
  ) {
    this.#state = state;
    this.#id = before.id;
    this.#hash = before.hash;
  }

  get last(): { id: number; hash: string | null } {
    return { id: this.#id, hash: this.#hash };
  }

  next(row: AuditRow): void {
    if (row.id !== this.#id + 1) {
      const span = { from: Math.min(this.#id + 1, row.id), to: Math.max(this.#id, row.id - 1) };
      this.problems.push({ ...span, what: row.id > this.#id ? 'missing' : 'out of order' });
    } else if (row.id < this.#state.first) {
      this.unchained += 1;
      if (row.hash !== null) this.#complain(row.id, 'has a hash, but is older than the chain');
    } else {
      this.chained += 1;
      const previous = this.#hash ?? genesis;
      if (row.hash === null) this.#complain(row.id, 'has no hash');
      else if (linkOf(previous, this.#state.writer, row) !== row.hash) {
        this.#complain(row.id, 'was changed: it does not fit its hash');
      }
    }
    // one bad record is one problem: the next is checked against what this one claims
    this.#id = row.id;
    this.#hash = row.hash;
  }

  #complain(id: number, what: string): void {
    this.problems.push({ from: id, to: id, what });
  }
}
