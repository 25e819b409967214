import type { StatementSync } from 'node:sqlite';
import { digest } from '../digest.ts';
import type { Stored } from '../store.ts';
import {
  BaseAdapter,
  type Context,
  deserialize,
  grantDigestOf,
  type Payload,
  serialize,
} from './base-adapter.ts';

/** As verifiers of JWTs have (`own-jwt.ts`): a token is called young for longer than a code. */
const tokenToleranceSeconds = 60;

/** Opaque access tokens. A token whose Grant is gone is not found. */
export class TokenAdapter extends BaseAdapter {
  readonly #insert: StatementSync;
  readonly #select: StatementSync;
  readonly #delete: StatementSync;

  constructor(context: Context, model: string) {
    super(context, model);
    this.#insert = context.database.prepare(
      `INSERT INTO access_tokens (digest, grant_digest, payload, expires_at) VALUES (?, ?, ?, ?)
       ON CONFLICT (digest) DO UPDATE SET payload = excluded.payload, expires_at = excluded.expires_at`,
    );
    this.#select = context.database.prepare(
      `SELECT payload FROM access_tokens AS token WHERE digest = ? AND (grant_digest IS NULL
       OR EXISTS (SELECT 1 FROM grants WHERE grants.digest = token.grant_digest))`,
    );
    this.#delete = context.database.prepare('DELETE FROM access_tokens WHERE digest = ?');
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
    const row = this.#select.get(digest(id)) as { payload: string } | undefined;
    return row && this.endIfFuture(deserialize(row.payload, id), tokenToleranceSeconds);
  }

  async destroy(id: string): Promise<boolean> {
    return this.transactions.run(this.#delete, digest(id)) === 1;
  }
}
