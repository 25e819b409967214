import type { StatementSync } from 'node:sqlite';
import { LRUCache } from 'lru-cache';
import { digest } from '../digest.ts';
import type { Stored } from '../store.ts';
import { BaseAdapter, type Context, deserialize, type Payload, serialize } from './base-adapter.ts';
import { waitSecondsOf } from './redemption.ts';

/**
 * A session read by its uid comes without its ID, which only the browser's cookie holds. It gets this in its
 * place, which no cookie can be (the colon is not in oidc-provider's alphabet, and `find` looks for a digest), and
 * which `upsert` and `destroy` know how to read; otherwise oidc-provider would make up an ID and save a twin.
 */
const uidPrefix = 'uid:';

/** What was last read of a session: its words as `unchanging` puts them, and when it ends. */
interface Known {
  readonly text: string;
  readonly expiresAt: number;
}

const maxKnown = 1000;

interface Row {
  payload: string;
  expires_at: number | null;
  redeemed_expires_at: number | null;
}

/**
 * Browser sessions, by the digest of the cookie's value. One with `waitSeconds` ends by then, whatever its `exp` and
 * its cookie say, unless a code of it is redeemed first; saved again it waits on, and is never shortened so.
 */
export class SessionAdapter extends BaseAdapter {
  readonly #insert: StatementSync;
  readonly #select: StatementSync;
  readonly #selectByUid: StatementSync;
  readonly #updateByUid: StatementSync;
  readonly #delete: StatementSync;
  readonly #deleteByUid: StatementSync;
  readonly #known = new LRUCache<string, Known>({ max: maxKnown });

  constructor(context: Context, model: string) {
    super(context, model);
    const { database } = context;
    this.#insert = database.prepare(
      `INSERT INTO sessions (digest, uid_digest, payload, expires_at, redeemed_expires_at)
       VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (digest) DO UPDATE SET uid_digest = excluded.uid_digest, payload = excluded.payload, ${ends}`,
    );
    this.#select = database.prepare(`${select} WHERE digest = ?`);
    // Two parallel requests may each have given the session a new ID; the later one counts.
    this.#selectByUid = database.prepare(`${select} WHERE uid_digest = ? ORDER BY id DESC LIMIT 1`);
    this.#updateByUid = database.prepare(
      `UPDATE sessions SET payload = ?1,
         expires_at = iif(redeemed_expires_at IS NULL, ?2, expires_at),
         redeemed_expires_at = iif(redeemed_expires_at IS NULL, NULL, ?2)
       WHERE uid_digest = ?3`,
    );
    this.#delete = database.prepare('DELETE FROM sessions WHERE digest = ?');
    this.#deleteByUid = database.prepare('DELETE FROM sessions WHERE uid_digest = ?');
  }

  async upsert(id: string, payload: Payload, expiresIn?: number): Promise<Stored> {
    const expiresAt = this.expiry(payload, expiresIn);
    if (this.#isKnown(id, payload, expiresAt)) return 'stored';
    const text = serialize({ ...payload, waitSeconds: undefined });
    if (id.startsWith(uidPrefix)) {
      this.transactions.run(this.#updateByUid, text, expiresAt, uidDigest(id));
      return 'stored';
    }
    const uid = payload['uid'];
    const waitSeconds = waitSecondsOf(payload);
    this.transactions.run(
      this.#insert,
      digest(id),
      typeof uid === 'string' ? digest(uid) : null,
      text,
      ...(waitSeconds === undefined
        ? [expiresAt, null]
        : [this.clock.nowSeconds() + waitSeconds, expiresAt]),
    );
    return 'stored';
  }

  async find(id: string): Promise<Payload | undefined> {
    const payload = this.#read(this.#select.get(digest(id)) as Row | undefined, id);
    if (!payload) return undefined;
    const { exp } = payload;
    // what still waits is to be saved
    if (typeof exp === 'number' && payload['waitSeconds'] === undefined) {
      this.#known.set(id, { text: unchanging(payload), expiresAt: exp });
    }
    return payload;
  }

  /**
   * oidc-provider saves a session at each authorization, though for a browser that comes back nothing has changed
   * but its end and the Grant that was given last. Within a hundredth of its life it is left as it is: what was read
   * in the same request is compared, so no other process decides, and a session that was destroyed meanwhile stays
   * destroyed.
   */
  #isKnown(id: string, payload: Payload, expiresAt: number | null): boolean {
    const known = this.#known.get(id);
    this.#known.delete(id);
    if (!known || expiresAt === null) return false;
    const laterSeconds = expiresAt - known.expiresAt;
    const lifeSeconds = expiresAt - this.clock.nowSeconds();
    return (
      laterSeconds >= 0 && laterSeconds < lifeSeconds / 100 && known.text === unchanging(payload)
    );
  }

  override async findByUid(uid: string): Promise<Payload | undefined> {
    return this.#read(this.#selectByUid.get(digest(uid)) as Row | undefined, uidPrefix + uid);
  }

  #read(row: Row | undefined, id: string): Payload | undefined {
    if (!row) return undefined;
    const payload = deserialize(row.payload, id);
    if (row.redeemed_expires_at === null) return payload;
    const waitSeconds = Number(row.expires_at) - this.clock.nowSeconds();
    return waitSeconds > 0 ? { ...payload, waitSeconds } : undefined;
  }

  async destroy(id: string): Promise<boolean> {
    const deleted = id.startsWith(uidPrefix)
      ? this.transactions.run(this.#deleteByUid, uidDigest(id))
      : this.transactions.run(this.#delete, digest(id));
    return deleted > 0;
  }
}

const select = 'SELECT payload, expires_at, redeemed_expires_at FROM sessions';

/** Once a code of it was redeemed it waits no more, whatever a request that began before says. */
const ends = `
  expires_at = CASE
    WHEN excluded.redeemed_expires_at IS NULL THEN excluded.expires_at
    WHEN sessions.redeemed_expires_at IS NULL THEN excluded.redeemed_expires_at
    ELSE max(sessions.expires_at, excluded.expires_at) END,
  redeemed_expires_at =
    iif(sessions.redeemed_expires_at IS NULL, NULL, excluded.redeemed_expires_at)`;

/** A session without its times and without the Grants that its clients were given last. */
function unchanging({ authorizations, iat, exp, jti, ...rest }: Payload): string {
  const clients = Object.entries((authorizations ?? {}) as Record<string, Payload>);
  const kept = clients.map(([client, { grantId, ...authorization }]) => [client, authorization]);
  return JSON.stringify([rest, kept]);
}

function uidDigest(id: string): Buffer {
  return digest(id.slice(uidPrefix.length));
}
