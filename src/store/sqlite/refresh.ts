import type { StatementSync } from 'node:sqlite';
import { ageSeconds } from '../../clock.ts';
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

/**
 * How long after its rotation anybody who has the app's credentials may present a token again. A longer grace is for
 * one more answer, and for whoever the caller of `find` knows to be the device of the login.
 */
const usualGraceSeconds = 10;

export interface RefreshLimits {
  /** How long a rotated token may be presented again and gets a sibling; a token's own `graceSeconds` comes first. */
  readonly refreshGraceSeconds: number;
}

interface FamilyRow {
  payload: string;
  /** Of the token. */
  generation: number;
  family_generation: number;
  rotated_at: number | null;
  /** 1 when the latest rotation used up this very token. */
  latest: 0 | 1 | null;
  grant_digest: Uint8Array;
}

/**
 * Refresh tokens, rotating. The Grant's row is the family: a token of generation n is fresh while the family is at
 * n, and its first use moves the family on to n+1 by one conditional update. So of several siblings of one
 * generation the first used retires the others, and every replay is seen, in any process (RFC 9700 4.14.2).
 */
export class RefreshAdapter extends BaseAdapter {
  readonly #limits: RefreshLimits;
  readonly #insert: StatementSync;
  readonly #select: StatementSync;
  readonly #rotate: StatementSync;
  readonly #useGrace: StatementSync;
  readonly #delete: StatementSync;
  readonly #extend: StatementSync;

  constructor(context: Context, model: string, limits: RefreshLimits) {
    super(context, model);
    this.#limits = limits;
    const { database } = context;
    this.#insert = database.prepare(
      `INSERT INTO refresh_tokens (digest, grant_digest, payload, expires_at, generation) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (digest) DO UPDATE SET payload = excluded.payload, expires_at = excluded.expires_at`,
    );
    this.#select = database.prepare(
      `SELECT token.payload, token.generation, family.generation AS family_generation, family.rotated_at,
              family.rotated_digest = token.digest AS latest, token.grant_digest
       FROM refresh_tokens AS token JOIN grants AS family ON family.digest = token.grant_digest
       WHERE token.digest = ?`,
    );
    this.#rotate = database.prepare(
      `UPDATE grants SET generation = token.generation + 1, rotated_digest = token.digest, rotated_at = ?2
       FROM refresh_tokens AS token
       WHERE token.digest = ?1 AND grants.digest = token.grant_digest AND grants.generation = token.generation`,
    );
    this.#useGrace = database.prepare(
      'UPDATE grants SET rotated_digest = NULL WHERE rotated_digest = ? AND generation = ?',
    );
    this.#delete = database.prepare('DELETE FROM refresh_tokens WHERE digest = ?');
    this.#extend = database.prepare(
      'UPDATE grants SET expires_at = max(expires_at, ?) WHERE digest = ?',
    );
  }

  async upsert(id: string, payload: Payload, expiresIn?: number): Promise<Stored> {
    const rotations = typeof payload['rotations'] === 'number' ? payload['rotations'] : 0;
    const grantDigest = grantDigestOf(payload);
    const expiresAt = this.expiry(payload, expiresIn);
    this.transactions.run(
      this.#insert,
      digest(id),
      grantDigest,
      serialize({ ...payload, consumed: undefined, lateSeconds: undefined }),
      expiresAt,
      rotations,
    );
    // the family lives as long as its newest token, or the one that stays, whose life oidc-provider has decided
    if (rotations > 0 || isOlder(payload, this.clock.nowSeconds()))
      this.transactions.run(this.#extend, expiresAt, grantDigest);
    return 'stored';
  }

  /** One that is used up has `consumed`; where its own grace still lasts, also `lateSeconds`: how long ago that was. */
  async find(id: string): Promise<Payload | undefined> {
    const row = this.#row(digest(id));
    if (!row) return undefined;
    const payload = deserialize(row.payload, id);
    if (row.family_generation === row.generation) return payload;
    const lateSeconds = this.#lateSeconds(row);
    if (lateSeconds !== undefined && lateSeconds <= usualGraceSeconds) return payload;
    payload['consumed'] = row.rotated_at;
    if (lateSeconds !== undefined) payload['lateSeconds'] = lateSeconds;
    return payload;
  }

  override async consume(id: string): Promise<Redeemed> {
    const key = digest(id);
    const rotated = this.transactions.run(this.#rotate, key, this.clock.nowSeconds()) === 1;
    if (rotated) return { outcome: 'redeemed' };
    const row = this.#row(key);
    const lateSeconds = row && this.#lateSeconds(row);
    if (row && lateSeconds !== undefined) {
      if (lateSeconds <= usualGraceSeconds) return { outcome: 'redeemed' };
      // one more answer, whatever others ask at the same moment
      const used = this.transactions.run(this.#useGrace, key, row.family_generation) === 1;
      if (used) return { outcome: 'redeemed' };
    }
    return notRedeemed(row);
  }

  async destroy(id: string): Promise<boolean> {
    return this.transactions.run(this.#delete, digest(id)) === 1;
  }

  #row(key: Buffer): FamilyRow | undefined {
    return this.#select.get(key) as FamilyRow | undefined;
  }

  /**
   * A parallel request, or one whose answer got lost: the token was the last one used, so long ago, which is within
   * its grace. Undefined for a replay.
   */
  #lateSeconds(row: FamilyRow): number | undefined {
    const isLast = row.family_generation === row.generation + 1 && row.latest === 1;
    if (!isLast || row.rotated_at === null) return undefined;
    const seconds = ageSeconds(this.clock.nowSeconds(), row.rotated_at);
    return isWithin(this.#graceSeconds(row), seconds) ? seconds : undefined;
  }

  #graceSeconds({ payload }: FamilyRow): number {
    const own = (JSON.parse(payload) as Payload)['graceSeconds'];
    return typeof own === 'number' ? own : this.#limits.refreshGraceSeconds;
  }
}

/** Was it made before it is saved now? The first of a family finds the family with the life that it needs. */
function isOlder({ iat }: Payload, nowSeconds: number): boolean {
  return typeof iat === 'number' && iat < nowSeconds;
}

/** A clock of whole seconds shows 0 for up to a second; a grace of none must be none. */
function isWithin(graceSeconds: number, ageSeconds: number): boolean {
  return graceSeconds > 0 && ageSeconds <= graceSeconds;
}
