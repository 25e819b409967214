import type { StatementSync } from 'node:sqlite';
import { errors } from 'oidc-provider';
import { digest } from '../digest.ts';
import {
  BaseAdapter,
  type Context,
  deserialize,
  grantDigestOf,
  type Payload,
  serialize,
} from './base-adapter.ts';
import { Redemption } from './redemption.ts';

interface CodeRow {
  payload: string;
  consumed_at: number | null;
}

export interface UsedCode {
  grant_digest: Uint8Array | null;
  payload: string;
}

/** Authorization codes: redeemed once; whoever comes second ends what the first one got (RFC 6749 4.1.2). */
export class CodeAdapter extends BaseAdapter {
  readonly #insert: StatementSync;
  readonly #select: StatementSync;
  readonly #consume: StatementSync;
  readonly #revoke: StatementSync;
  readonly #delete: StatementSync;
  readonly #redemption: Redemption;

  constructor(context: Context, model: string) {
    super(context, model);
    const { database } = context;
    this.#redemption = new Redemption(context);
    this.#insert = database.prepare(
      `INSERT INTO codes (digest, grant_digest, payload, expires_at) VALUES (?, ?, ?, ?)
       ON CONFLICT (digest) DO UPDATE SET payload = excluded.payload, expires_at = excluded.expires_at`,
    );
    this.#select = database.prepare(
      `SELECT payload, consumed_at FROM codes AS code WHERE digest = ? AND (grant_digest IS NULL
       OR EXISTS (SELECT 1 FROM grants WHERE grants.digest = code.grant_digest))`,
    );
    this.#consume = database.prepare(
      `UPDATE codes SET consumed_at = ? WHERE digest = ? AND consumed_at IS NULL
       RETURNING grant_digest, payload`,
    );
    this.#revoke = database.prepare(
      'DELETE FROM grants WHERE digest = (SELECT grant_digest FROM codes WHERE digest = ?)',
    );
    this.#delete = database.prepare('DELETE FROM codes WHERE digest = ?');
  }

  async upsert(id: string, payload: Payload, expiresIn?: number): Promise<void> {
    this.transactions.run(
      this.#insert,
      digest(id),
      grantDigestOf(payload),
      serialize(payload),
      this.expiry(payload, expiresIn),
    );
  }

  async find(id: string): Promise<Payload | undefined> {
    const row = this.#select.get(digest(id)) as CodeRow | undefined;
    if (!row) return undefined;
    const payload = deserialize(row.payload, id);
    if (row.consumed_at !== null) payload['consumed'] = row.consumed_at;
    return this.endIfFuture(payload);
  }

  override async consume(id: string): Promise<void> {
    const key = digest(id);
    const used = this.transactions.get(this.#consume, this.clock.nowSeconds(), key) as
      | UsedCode
      | undefined;
    if (used) return this.#redemption.redeem(used.grant_digest, used.payload);
    // Two requests may both have found the code unused; the row count tells them apart, in any process.
    this.transactions.run(this.#revoke, key);
    throw new errors.InvalidGrant('authorization code already consumed');
  }

  async destroy(id: string): Promise<void> {
    this.transactions.run(this.#delete, digest(id));
  }
}
