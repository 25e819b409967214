import type { StatementSync } from 'node:sqlite';
import { digest } from '../digest.ts';
import type { Stored } from '../store.ts';
import type { Context, Payload } from './base-adapter.ts';
import { RecordAdapter } from './records.ts';

/** For requests that began before the end and still write. */
const slackSeconds = 3600;

/**
 * Sessions that were ended. What was redeemed in one may live for a year, and so must the memory of its end; where
 * nothing was, nothing outlives what the session itself waits for (`redemption.ts`).
 */
export class SessionEndAdapter extends RecordAdapter {
  readonly #waitsUntil: StatementSync;

  constructor(context: Context, model: string) {
    super(context, model);
    this.#waitsUntil = context.database.prepare(
      `SELECT max(expires_at) AS at FROM sessions
       WHERE uid_digest = ? HAVING count(*) > 0 AND count(redeemed_expires_at) = count(*)`,
    );
  }

  /** @param payload `uid` of the session, whose row is still there; it is not kept */
  override async upsert(id: string, { uid }: Payload, expiresIn?: number): Promise<Stored> {
    const waits = this.transactions.get(this.#waitsUntil, digest(String(uid))) as
      | { at: number }
      | undefined;
    const now = this.clock.nowSeconds();
    return super.upsert(id, {}, waits ? waits.at + slackSeconds - now : expiresIn);
  }
}
