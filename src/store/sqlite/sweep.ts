import type { StatementSync } from 'node:sqlite';
import type { Context } from './base-adapter.ts';
import type { Transactions } from './transactions.ts';

/** Rows stay a little beyond their end, for clocks that differ. */
const slackSeconds = 60;

/**
 * A Grant stays for an hour more: an access token issued just before the family's end needs its row to the end of
 * its own life (900 s at most).
 */
const grantSlackSeconds = 3600;

interface Part {
  readonly table: string;
  /** Column that says when it is over. */
  readonly end?: string;
  readonly slack?: number;
}

const parts: readonly Part[] = [
  { table: 'codes' },
  { table: 'access_tokens' },
  { table: 'refresh_tokens' },
  { table: 'interactions' },
  { table: 'sessions' },
  { table: 'records' },
  { table: 'consents' },
  // nothing hangs on a Grant whose code was never redeemed
  { table: 'grants', end: 'waits_until' },
  { table: 'grants', slack: grantSlackSeconds },
];

/** Deletes expired rows, a few at a time so that no request waits for it. */
export class Sweep {
  readonly #transactions: Transactions;
  readonly #deletes: readonly { statement: StatementSync; slack: number }[];

  constructor({ database, transactions }: Context) {
    this.#transactions = transactions;
    this.#deletes = parts.map(({ table, end = 'expires_at', slack = slackSeconds }) => ({
      statement: database.prepare(
        // Codes have one lifetime, so the oldest rows are the first to expire and need no index.
        `DELETE FROM ${table} WHERE ${end} < ?1 AND id IN
           (SELECT id FROM ${table} ${table === 'codes' ? 'ORDER BY id' : `WHERE ${end} < ?1 ORDER BY ${end}`} LIMIT ?2)`,
      ),
      slack,
    }));
  }

  /** @returns how many rows went; `limit` at most. As many as `limit`: there may be more. */
  run(nowSeconds: number, limit: number): number {
    let deleted = 0;
    for (const { statement, slack } of this.#deletes) {
      if (deleted >= limit) break;
      deleted += this.#transactions.run(statement, nowSeconds - slack, limit - deleted);
    }
    return deleted;
  }
}
