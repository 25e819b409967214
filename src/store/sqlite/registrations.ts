import type { StatementSync } from 'node:sqlite';
import { splitMembers } from '../client-members.ts';
import {
  type ClientTable,
  type Exceeded,
  type Registration,
  type RegistrationAge,
  type RegistrationQuota,
  type RegistrationTable,
  type StoredClient,
  useResolutionSeconds,
} from '../store.ts';
import type { Context } from './base-adapter.ts';
import type { Transactions } from './transactions.ts';

interface Row {
  client_id: string;
  peer: string;
  subject: string | null;
  login: string | null;
  device: string | null;
  address: string;
  listener: string;
  origin: string | null;
  registered_at: number;
  used_at: number | null;
}

export class SqliteRegistrations implements RegistrationTable {
  readonly #transactions: Transactions;
  readonly #clients: ClientTable;
  readonly #insert: StatementSync;
  readonly #count: StatementSync;
  readonly #select: StatementSync;
  readonly #list: StatementSync;
  readonly #use: StatementSync;
  readonly #expired: StatementSync;

  constructor({ database, transactions }: Context, clients: ClientTable) {
    this.#transactions = transactions;
    this.#clients = clients;
    this.#insert = database.prepare(
      `INSERT INTO registrations
         (client_id, peer, subject, login, device, address, listener, origin, registered_at)
       SELECT :clientId, :peer, :subject, :login, :device, :address, :listener, :origin, :at
       WHERE (SELECT count(*) FROM registrations WHERE peer = :peer) < :perPeer
         AND (:origin IS NULL OR :perPeerFromPages >
           (SELECT count(*) FROM registrations WHERE peer = :peer AND origin IS NOT NULL))
         AND (SELECT count(*) FROM registrations
           WHERE (subject IS NULL) = (:subject IS NULL)) < :total`,
    );
    this.#count = database.prepare(
      'SELECT count(*) AS all_of_them, count(origin) AS from_pages FROM registrations WHERE peer = ?',
    );
    this.#select = database.prepare('SELECT * FROM registrations WHERE client_id = ?');
    this.#list = database.prepare('SELECT * FROM registrations ORDER BY registered_at, rowid');
    this.#use = database.prepare(
      `UPDATE registrations SET used_at = ?2 WHERE client_id = ?1
         AND (used_at IS NULL OR used_at NOT BETWEEN ?2 - ${useResolutionSeconds} + 1 AND ?2)`,
    );
    this.#expired = database.prepare(
      `SELECT client_id, (SELECT metadata FROM clients WHERE id = client_id) AS metadata
       FROM registrations
       WHERE used_at < :idleBefore OR (used_at IS NULL AND registered_at <
         iif(subject IS NULL, :anonymousUnusedBefore, :unusedBefore))
       ORDER BY registered_at`,
    );
  }

  async add(
    client: StoredClient,
    registration: Registration,
    quota: RegistrationQuota,
  ): Promise<Exceeded | undefined> {
    const { peer, address, listener, registeredAt: at } = registration;
    const added = this.#transactions.run(this.#insert, {
      clientId: client.id,
      peer,
      subject: registration.subject ?? null,
      login: registration.login ?? null,
      device: registration.device ?? null,
      address,
      listener,
      origin: registration.origin ?? null,
      at,
      ...quota,
    });
    if (added === 0) return this.#exceeded(registration, quota);
    await this.#clients.save(client);
    return undefined;
  }

  async find(clientId: string): Promise<Registration | undefined> {
    const row = this.#select.get(clientId) as Row | undefined;
    return row && fromRow(row);
  }

  async list(): Promise<Registration[]> {
    return (this.#list.all() as unknown as Row[]).map(fromRow);
  }

  async use(clientId: string, nowSeconds: number): Promise<void> {
    this.#transactions.run(this.#use, clientId, nowSeconds);
  }

  async expired(age: RegistrationAge, limit: number): Promise<string[]> {
    const ids: string[] = [];
    for (const row of this.#expired.iterate({ ...age })) {
      if (ids.length >= limit) break;
      if (!isApproved(row['metadata'])) ids.push(String(row['client_id']));
    }
    return ids;
  }

  #exceeded({ peer, origin }: Registration, quota: RegistrationQuota): Exceeded {
    const counted = this.#count.get(peer) as unknown as { all_of_them: number; from_pages: number };
    if (counted.all_of_them >= quota.perPeer) return 'perPeer';
    const fromPages = origin !== undefined && counted.from_pages >= quota.perPeerFromPages;
    return fromPages ? 'perPeerFromPages' : 'total';
  }
}

/** SQLite's JSON functions fail at what a client may nest in its metadata, and nothing would expire any more. */
function isApproved(metadata: unknown): boolean {
  return (
    typeof metadata === 'string' && splitMembers(JSON.parse(metadata)).options.approved === true
  );
}

function fromRow(row: Row): Registration {
  return {
    clientId: row.client_id,
    peer: row.peer,
    subject: row.subject ?? undefined,
    login: row.login ?? undefined,
    device: row.device ?? undefined,
    address: row.address,
    listener: row.listener,
    origin: row.origin ?? undefined,
    registeredAt: row.registered_at,
    usedAt: row.used_at ?? undefined,
  };
}
