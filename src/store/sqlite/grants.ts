import type { StatementSync } from 'node:sqlite';
import { digest } from '../digest.ts';
import type { Stored } from '../store.ts';
import {
  BaseAdapter,
  type Context,
  deserialize,
  type Payload,
  serialize,
  textOrNull,
} from './base-adapter.ts';
import { waitSecondsOf } from './redemption.ts';

interface GrantRow {
  payload: string;
  expires_at: number | null;
  waits_until: number | null;
}

/** oidc-provider Grants: the row every token of an authorization lives and dies with. */
export class GrantAdapter extends BaseAdapter {
  readonly #insert: StatementSync;
  readonly #select: StatementSync;
  readonly #selectByName: StatementSync;
  readonly #delete: StatementSync;

  constructor(context: Context, model: string) {
    super(context, model);
    // Saving a Grant again must not put its family back to an earlier generation, nor make it live shorter.
    this.#insert = context.database.prepare(
      `INSERT INTO grants
         (digest, subject, client_id, device, payload, created_at, expires_at, waits_until)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (digest) DO UPDATE SET subject = excluded.subject, client_id = excluded.client_id,
         device = excluded.device, payload = excluded.payload,
         expires_at = max(grants.expires_at, excluded.expires_at)`,
    );
    this.#select = context.database.prepare(
      'SELECT payload, expires_at, waits_until FROM grants WHERE digest = ?',
    );
    this.#delete = context.database.prepare('DELETE FROM grants WHERE digest = ?');
    this.#selectByName = context.database.prepare(
      'SELECT digest, payload, expires_at, waits_until FROM grants WHERE digest BETWEEN ? AND ? LIMIT 1',
    );
  }

  /** Without its Grant no token, code or device code of the family is found any more. */
  async destroy(id: string): Promise<boolean> {
    return this.transactions.run(this.#delete, digest(id)) === 1;
  }

  /** One with `waitSeconds` ends by then, and has the end that it was given only once its code is redeemed. */
  async upsert(id: string, payload: Payload, expiresIn?: number): Promise<Stored> {
    const now = this.clock.nowSeconds();
    const end = this.expiry(payload, expiresIn);
    const waitSeconds = waitSecondsOf(payload);
    this.transactions.run(
      this.#insert,
      digest(id),
      textOrNull(payload['accountId']),
      textOrNull(payload['clientId']),
      stableId(payload['device']),
      serialize({ ...payload, exp: undefined, waitSeconds: undefined }),
      now,
      end,
      waitSeconds === undefined ? null : now + waitSeconds,
    );
    return 'stored';
  }

  async find(id: string): Promise<Payload | undefined> {
    const row = this.#select.get(digest(id)) as GrantRow | undefined;
    if (!row) return undefined;
    const payload = deserialize(row.payload, id);
    // Redemption and rotation lengthen the row's life, not the payload's.
    const end = endOf(row);
    if (end !== null) payload['exp'] = end;
    return payload;
  }

  /** By name: the beginning of the digest in hex, 16 digits at least. In `uid` the payload then has the whole. */
  override async findByUid(name: string): Promise<Payload | undefined> {
    if (!/^(?:[0-9a-f]{2}){8,32}$/u.test(name)) return undefined;
    const from = Buffer.from(name.padEnd(64, '0'), 'hex');
    const to = Buffer.from(name.padEnd(64, 'f'), 'hex');
    const row = this.#selectByName.get(from, to) as (GrantRow & { digest: Uint8Array }) | undefined;
    if (!row) return undefined;
    const payload: Payload = JSON.parse(row.payload);
    const end = endOf(row);
    if (end !== null) payload['exp'] = end;
    payload['uid'] = Buffer.from(row.digest).toString('hex');
    return payload;
  }
}

function endOf({ expires_at: end, waits_until: waitsUntil }: GrantRow): number | null {
  return waitsUntil === null ? end : Math.min(waitsUntil, end ?? waitsUntil);
}

function stableId(device: unknown): string | null {
  if (typeof device !== 'object' || device === null || !('stableId' in device)) return null;
  return textOrNull(device.stableId);
}
