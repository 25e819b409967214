import type { StatementSync } from 'node:sqlite';
import { LRUCache } from 'lru-cache';
import { BaseAdapter, type Context, deserialize, type Payload, serialize } from './base-adapter.ts';
import { digest } from './digest.ts';

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

/** Browser sessions, by the digest of the cookie's value. */
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
      `INSERT INTO sessions (digest, uid_digest, payload, expires_at) VALUES (?, ?, ?, ?)
       ON CONFLICT (digest) DO UPDATE SET uid_digest = excluded.uid_digest, payload = excluded.payload,
         expires_at = excluded.expires_at`,
    );
    this.#select = database.prepare('SELECT payload FROM sessions WHERE digest = ?');
    // Two parallel requests may each have given the session a new ID; the later one counts.
    this.#selectByUid = database.prepare(
      'SELECT payload FROM sessions WHERE uid_digest = ? ORDER BY id DESC LIMIT 1',
    );
    this.#updateByUid = database.prepare(
      'UPDATE sessions SET payload = ?, expires_at = ? WHERE uid_digest = ?',
    );
    this.#delete = database.prepare('DELETE FROM sessions WHERE digest = ?');
    this.#deleteByUid = database.prepare('DELETE FROM sessions WHERE uid_digest = ?');
  }

  async upsert(id: string, payload: Payload, expiresIn?: number): Promise<void> {
    const expiresAt = this.expiry(payload, expiresIn);
    if (this.#isKnown(id, payload, expiresAt)) return;
    const text = serialize(payload);
    if (id.startsWith(uidPrefix)) {
      this.transactions.run(this.#updateByUid, text, expiresAt, uidDigest(id));
      return;
    }
    const uid = payload['uid'];
    this.transactions.run(
      this.#insert,
      digest(id),
      typeof uid === 'string' ? digest(uid) : null,
      text,
      expiresAt,
    );
  }

  async find(id: string): Promise<Payload | undefined> {
    const row = this.#select.get(digest(id)) as { payload: string } | undefined;
    if (!row) return undefined;
    const payload = deserialize(row.payload, id);
    const { exp } = payload;
    if (typeof exp === 'number') {
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
    const row = this.#selectByUid.get(digest(uid)) as { payload: string } | undefined;
    return row && deserialize(row.payload, uidPrefix + uid);
  }

  async destroy(id: string): Promise<void> {
    if (id.startsWith(uidPrefix)) this.transactions.run(this.#deleteByUid, uidDigest(id));
    else this.transactions.run(this.#delete, digest(id));
  }
}

/** A session without its times and without the Grants that its clients were given last. */
function unchanging({ authorizations, iat, exp, jti, ...rest }: Payload): string {
  const clients = Object.entries((authorizations ?? {}) as Record<string, Payload>);
  const kept = clients.map(([client, { grantId, ...authorization }]) => [client, authorization]);
  return JSON.stringify([rest, kept]);
}

function uidDigest(id: string): Buffer {
  return digest(id.slice(uidPrefix.length));
}
