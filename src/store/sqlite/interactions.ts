import type { StatementSync } from 'node:sqlite';
import { digest, seal, unseal } from '../digest.ts';
import type { Stored } from '../store.ts';
import { BaseAdapter, type Context, type Payload } from './base-adapter.ts';

/**
 * Pages under way. The payload is full of other credentials (the session's cookie value, device code, pushed
 * request, its own ID inside `returnTo`), so all of it is sealed under the interaction's ID.
 */
export class InteractionAdapter extends BaseAdapter {
  readonly #insert: StatementSync;
  readonly #select: StatementSync;
  readonly #delete: StatementSync;

  constructor(context: Context, model: string) {
    super(context, model);
    this.#insert = context.database.prepare(
      `INSERT INTO interactions (digest, sealed, expires_at) VALUES (?, ?, ?)
       ON CONFLICT (digest) DO UPDATE SET sealed = excluded.sealed, expires_at = excluded.expires_at`,
    );
    this.#select = context.database.prepare('SELECT sealed FROM interactions WHERE digest = ?');
    this.#delete = context.database.prepare('DELETE FROM interactions WHERE digest = ?');
  }

  async upsert(id: string, payload: Payload, expiresIn?: number): Promise<Stored> {
    const sealed = seal(id, JSON.stringify(payload));
    this.transactions.run(this.#insert, digest(id), sealed, this.expiry(payload, expiresIn));
    return 'stored';
  }

  async find(id: string): Promise<Payload | undefined> {
    const row = this.#select.get(digest(id)) as { sealed: Uint8Array } | undefined;
    return row && this.endIfFuture(JSON.parse(unseal(id, row.sealed)));
  }

  async destroy(id: string): Promise<boolean> {
    return this.transactions.run(this.#delete, digest(id)) === 1;
  }
}
