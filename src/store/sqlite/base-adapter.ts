import type { DatabaseSync } from 'node:sqlite';
import { ageSeconds, type Clock, usualStepSeconds } from '../../clock.ts';
import { digest } from '../digest.ts';
import type { ModelAdapter, Redeemed, Stored } from '../store.ts';
import type { Transactions } from './transactions.ts';

export type Payload = Record<string, unknown>;

/** What every model's adapter works with. */
export interface Context {
  readonly database: DatabaseSync;
  readonly transactions: Transactions;
  readonly clock: Clock;
}

/** What is the same for all models: where a model has no such operation, the answer that is safe. */
export abstract class BaseAdapter implements ModelAdapter {
  protected readonly transactions: Transactions;
  protected readonly clock: Clock;
  readonly #model: string;

  constructor(context: Context, model: string) {
    this.transactions = context.transactions;
    this.clock = context.clock;
    this.#model = model;
  }

  abstract upsert(id: string, payload: Payload, expiresIn?: number): Promise<Stored>;
  abstract find(id: string): Promise<Payload | undefined>;
  abstract destroy(id: string): Promise<boolean>;

  async findByUid(_uid: string): Promise<Payload | undefined> {
    return undefined;
  }

  async findByUserCode(_userCode: string): Promise<Payload | undefined> {
    return undefined;
  }

  async consume(_id: string): Promise<Redeemed> {
    throw new TypeError(`a ${this.#model} cannot be consumed`);
  }

  /**
   * Epoch seconds, or null for what never expires. Whole ones: a client's assertion may end within a second (RFC 7519
   * section 2), and a statement that SQLite refuses fails everybody's writes of the moment.
   */
  protected expiry(payload: Payload, expiresIn: number | undefined): number | null {
    const expiresAt = payload['exp'];
    if (typeof expiresAt === 'number') return Math.ceil(expiresAt);
    return expiresIn === undefined ? null : this.clock.nowSeconds() + expiresIn;
  }

  /**
   * For what is good because it is young: what was issued later than now is over (T42), but for what was consumed,
   * which must still be known as that.
   */
  protected endIfFuture(payload: Payload, toleranceSeconds: number = usualStepSeconds): Payload {
    const { iat, exp, consumed } = payload;
    if (typeof iat !== 'number' || typeof exp !== 'number' || consumed !== undefined)
      return payload;
    const now = this.clock.nowSeconds();
    if (ageSeconds(now, iat, toleranceSeconds) < Number.POSITIVE_INFINITY) return payload;
    return { ...payload, exp: Math.min(exp, now) };
  }
}

/** The payload as it is stored: oidc-provider's `jti` is the credential itself. */
export function serialize(payload: Payload): string {
  return JSON.stringify({ ...payload, jti: undefined });
}

/** What `serialize` made, with the credential that the caller has just presented put back. */
export function deserialize(stored: string, id: string): Payload {
  const payload: Payload = JSON.parse(stored);
  payload['jti'] = id;
  return payload;
}

export function grantDigestOf(payload: Payload): Buffer | null {
  const grantId = payload['grantId'];
  return typeof grantId === 'string' ? digest(grantId) : null;
}

/** What came after all: one that was used before, or that nobody knows. @param row its own, as far as it is there */
export function notRedeemed(row: { grant_digest: Uint8Array | null } | undefined): Redeemed {
  if (!row) return { outcome: 'unknown' };
  const { grant_digest: grant } = row;
  const family = grant ? Buffer.from(grant).toString('hex') : undefined;
  return { outcome: 'replayed', family };
}

export function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
