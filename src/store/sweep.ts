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

const tables = [
  'codes',
  'access_tokens',
  'refresh_tokens',
  'interactions',
  'sessions',
  'records',
  'consents',
  'grants',
] as const;

/** Deletes expired rows, a few at a time so that no request waits for it. */
export class Sweep {
  readonly #transactions: Transactions;
  readonly #deletes: readonly { statement: StatementSync; slack: number }[];

  constructor({ database, transactions }: Context) {
    this.#transactions = transactions;
    this.#deletes = tables.map((table) => ({
      statement: database.prepare(
        // Codes have one lifetime, so the oldest rows are the first to expire and need no index.
        `DELETE FROM ${table} WHERE expires_at < ?1 AND id IN
           (SELECT id FROM ${table} ${table === 'codes' ? 'ORDER BY id' : 'WHERE expires_at < ?1 ORDER BY expires_at'} LIMIT ?2)`,
      ),
      slack: table === 'grants' ? grantSlackSeconds : slackSeconds,
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
