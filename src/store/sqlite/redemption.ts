import type { StatementSync } from 'node:sqlite';
import { digest } from '../digest.ts';
import type { Context, Payload } from './base-adapter.ts';
import type { Transactions } from './transactions.ts';

/** Of a Grant or session that no code was redeemed for: how long it waits for that. Absent: it waits for nothing. */
export function waitSecondsOf({ waitSeconds }: Payload): number | undefined {
  return typeof waitSeconds === 'number' ? waitSeconds : undefined;
}

/**
 * Gives the Grant and the session of a code their whole lives, with the write that uses the code up: until then they
 * live hardly longer than it, so that whoever begins logins without end leaves nothing behind (T39). A Grant whose
 * session was ended meanwhile gets none: the ended session is remembered no longer than what waits in it.
 */
export class Redemption {
  readonly #transactions: Transactions;
  readonly #extendGrant: StatementSync;
  readonly #extendSession: StatementSync;

  constructor({ database, transactions }: Context) {
    this.#transactions = transactions;
    this.#extendGrant = database.prepare(
      `UPDATE grants SET waits_until = NULL WHERE digest = ?1 AND waits_until IS NOT NULL
         AND (?2 IS NULL OR EXISTS (SELECT 1 FROM sessions WHERE uid_digest = ?2))`,
    );
    this.#extendSession = database.prepare(
      `UPDATE sessions SET expires_at = redeemed_expires_at, redeemed_expires_at = NULL
       WHERE uid_digest = ? AND redeemed_expires_at IS NOT NULL`,
    );
  }

  /** @param payload the code's, as it is stored */
  redeem(grantDigest: Uint8Array | null, payload: string): void {
    const { sessionUid }: Payload = JSON.parse(payload);
    const uidDigest = typeof sessionUid === 'string' ? digest(sessionUid) : null;
    if (grantDigest) this.#transactions.run(this.#extendGrant, grantDigest, uidDigest);
    if (uidDigest) this.#transactions.run(this.#extendSession, uidDigest);
  }
}
