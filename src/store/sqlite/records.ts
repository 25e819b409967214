import type { StatementSync } from 'node:sqlite';
import { digest, seal, unseal } from '../digest.ts';
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
import type { UsedCode } from './codes.ts';
import { Redemption } from './redemption.ts';

interface RecordRow {
  payload: string;
  sealed: Uint8Array | null;
  consumed_at: number | null;
}

/**
 * Members that hold credentials or what leads to them, by model; and `claims`, which a client may nest deeper than
 * SQLite's JSON functions read.
 */
const sealedMembers: Readonly<Record<string, readonly string[]>> = {
  DeviceCode: ['userCode', 'params', 'claims'],
  BackchannelAuthenticationRequest: ['params', 'claims'],
};

const replayMark = 'ReplayDetection';
const markSlackSeconds = 60;

/** How far a device code is: 0 waits for a person, 1 one has pressed Allow, 2 allowed or refused. */
function progress({ accountId, error, inFlight }: Payload): number {
  if (accountId !== undefined || error !== undefined) return 2;
  return inFlight === true ? 1 : 0;
}

/** The same of a stored row. */
const storedProgress = `CASE
  WHEN json_extract(records.payload, '$.accountId') IS NOT NULL
    OR json_extract(records.payload, '$.error') IS NOT NULL THEN 2
  WHEN json_extract(records.payload, '$.inFlight') THEN 1
  ELSE 0 END`;

/** Every other model: pushed requests, device codes, machine tokens, registration tokens, replay marks. */
export class RecordAdapter extends BaseAdapter {
  readonly #model: string;
  readonly #sealed: readonly string[];
  readonly #insert: StatementSync;
  readonly #insertOnce: StatementSync;
  readonly #insertForward: StatementSync;
  readonly #select: StatementSync;
  readonly #selectByUserCode: StatementSync;
  readonly #consume: StatementSync;
  readonly #selectUsed: StatementSync;
  readonly #delete: StatementSync;
  readonly #redemption: Redemption;

  constructor(context: Context, model: string) {
    super(context, model);
    this.#redemption = new Redemption(context);
    this.#model = model;
    this.#sealed = sealedMembers[model] ?? [];
    const { database } = context;
    const insert = `INSERT INTO records
        (model, digest, grant_digest, payload, sealed, user_code_digest, user_code_sealed, expires_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (model, digest) DO UPDATE SET grant_digest = excluded.grant_digest,
        payload = excluded.payload, sealed = excluded.sealed, user_code_digest = excluded.user_code_digest,
        user_code_sealed = excluded.user_code_sealed, expires_at = excluded.expires_at`;
    this.#insert = database.prepare(insert);
    this.#insertOnce = database.prepare(`${insert} WHERE records.expires_at <= ?`);
    this.#insertForward = database.prepare(
      `${insert} WHERE ${storedProgress} = 0 OR ${storedProgress} < ?`,
    );
    this.#select = database.prepare(
      `SELECT payload, sealed, consumed_at FROM records AS record WHERE model = ? AND digest = ?
       AND (grant_digest IS NULL
         OR EXISTS (SELECT 1 FROM grants WHERE grants.digest = record.grant_digest))`,
    );
    this.#selectByUserCode = database.prepare(
      'SELECT user_code_sealed AS sealed FROM records WHERE user_code_digest = ? AND model = ?',
    );
    this.#consume = database.prepare(
      `UPDATE records SET consumed_at = ? WHERE model = ? AND digest = ? AND consumed_at IS NULL
       RETURNING grant_digest, payload`,
    );
    this.#selectUsed = database.prepare(
      'SELECT grant_digest, payload FROM records WHERE model = ? AND digest = ?',
    );
    this.#delete = database.prepare('DELETE FROM records WHERE model = ? AND digest = ?');
  }

  async upsert(id: string, payload: Payload, expiresIn?: number): Promise<Stored> {
    const userCode = payload['userCode'];
    const { open, sealed } = this.#split(id, payload);
    const values = [
      this.#model,
      digest(id),
      grantDigestOf(payload),
      serialize({ ...open, consumed: undefined }),
      sealed,
      typeof userCode === 'string' ? digest(userCode) : null,
      typeof userCode === 'string' ? seal(userCode, id) : null,
      this.#expiry(payload, expiresIn),
    ];
    if (this.#model === 'DeviceCode') {
      // two people, or two clicks, may look at a waiting code at once: one decides (RFC 8628 3.3)
      const changed = this.transactions.run(this.#insertForward, ...values, progress(payload));
      return changed === 0 ? 'used' : 'stored';
    }
    if (this.#model !== replayMark) {
      this.transactions.run(this.#insert, ...values);
      return 'stored';
    }
    // oidc-provider looks and then saves; of two that both saw nothing only one may pass (RFC 9449 11.1).
    const marked = this.transactions.run(this.#insertOnce, ...values, this.clock.nowSeconds());
    return marked === 0 ? 'used' : 'stored';
  }

  async find(id: string): Promise<Payload | undefined> {
    const row = this.#select.get(this.#model, digest(id)) as RecordRow | undefined;
    if (!row) return undefined;
    const payload = deserialize(row.payload, id);
    if (row.sealed) Object.assign(payload, JSON.parse(unseal(id, row.sealed)));
    if (row.consumed_at !== null) payload['consumed'] = row.consumed_at;
    // a mark of what was used stays one
    return this.#model === replayMark ? payload : this.endIfFuture(payload);
  }

  /** The device code is sealed under its user code. A user code is short, but lives for minutes only. */
  override async findByUserCode(userCode: string): Promise<Payload | undefined> {
    const row = this.#selectByUserCode.get(digest(userCode), this.#model) as
      | { sealed: Uint8Array }
      | undefined;
    return row && this.find(unseal(userCode, row.sealed));
  }

  override async consume(id: string): Promise<Redeemed> {
    const key = digest(id);
    const now = this.clock.nowSeconds();
    const used = this.transactions.get(this.#consume, now, this.#model, key) as
      | UsedCode
      | undefined;
    if (!used) return notRedeemed(this.#selectUsed.get(this.#model, key) as UsedCode | undefined);
    this.#redemption.redeem(used.grant_digest, used.payload);
    return { outcome: 'redeemed' };
  }

  async destroy(id: string): Promise<boolean> {
    return this.transactions.run(this.#delete, this.#model, digest(id)) === 1;
  }

  /**
   * What is marked may be from a clock that is ahead of ours, and then stays young for longer than oidc-provider thinks
   * when it is marked.
   */
  #expiry(payload: Payload, expiresIn: number | undefined): number | null {
    const expiresAt = this.expiry(payload, expiresIn);
    return expiresAt !== null && this.#model === replayMark
      ? expiresAt + markSlackSeconds
      : expiresAt;
  }

  #split(id: string, payload: Payload): { open: Payload; sealed: Buffer | null } {
    const members = this.#sealed.filter((name) => payload[name] !== undefined);
    if (members.length === 0) return { open: payload, sealed: null };
    const open = { ...payload };
    for (const name of members) delete open[name];
    const hidden = Object.fromEntries(members.map((name) => [name, payload[name]]));
    return { open, sealed: seal(id, JSON.stringify(hidden)) };
  }
}
