import type { StatementSync } from 'node:sqlite';
import { digest } from '../digest.ts';
import type { Redeemed, Stored } from '../store.ts';
import {
  BaseAdapter,
  type Context,
  deserialize,
  grantDigestOf,
  notRedeemed,
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

/** Authorization codes: redeemed once. */
export class CodeAdapter extends BaseAdapter {
  readonly #insert: StatementSync;
  readonly #select: StatementSync;
  readonly #consume: StatementSync;
  readonly #selectUsed: StatementSync;
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
    this.#selectUsed = database.prepare('SELECT grant_digest, payload FROM codes WHERE digest = ?');
    this.#delete = database.prepare('DELETE FROM codes WHERE digest = ?');
  }

  async upsert(id: string, payload: Payload, expiresIn?: number): Promise<Stored> {
    this.transactions.run(
      this.#insert,
      digest(id),
      grantDigestOf(payload),
      serialize(payload),
      this.expiry(payload, expiresIn),
    );
    return 'stored';
  }

  async find(id: string): Promise<Payload | undefined> {
    const row = this.#select.get(digest(id)) as CodeRow | undefined;
    if (!row) return undefined;
    const payload = deserialize(row.payload, id);
    if (row.consumed_at !== null) payload['consumed'] = row.consumed_at;
    return this.endIfFuture(payload);
  }

  override async consume(id: string): Promise<Redeemed> {
    const key = digest(id);
    const used = this.transactions.get(this.#consume, this.clock.nowSeconds(), key) as
      | UsedCode
      | undefined;
    // Two requests may both have found the code unused; the row count tells them apart, in any process.
    if (!used) return notRedeemed(this.#selectUsed.get(key) as UsedCode | undefined);
    this.#redemption.redeem(used.grant_digest, used.payload);
    return { outcome: 'redeemed' };
  }

  async destroy(id: string): Promise<boolean> {
    return this.transactions.run(this.#delete, digest(id)) === 1;
  }
}
