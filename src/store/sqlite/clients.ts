import type { StatementSync } from 'node:sqlite';
import { joinMembers, splitMembers } from '../client-members.ts';
import type { ClientSource, ClientTable, StoredClient } from '../store.ts';
import type { Context } from './base-adapter.ts';
import type { Transactions } from './transactions.ts';

interface ClientRow {
  id: string;
  metadata: string;
  secret_verifier: string | null;
  source: ClientSource;
  created_at: number;
  updated_at: number;
}

export class SqliteClients implements ClientTable {
  readonly #transactions: Transactions;
  readonly #select: StatementSync;
  readonly #list: StatementSync;
  readonly #algorithms: StatementSync;
  readonly #save: StatementSync;
  readonly #delete: StatementSync;
  readonly #neverUsed: StatementSync;
  readonly #deleteRegistration: StatementSync;
  readonly #deleteGrants: StatementSync;
  readonly #deleteRecords: StatementSync;
  readonly #deleteConsents: StatementSync;

  constructor({ database, transactions }: Context) {
    this.#transactions = transactions;
    this.#select = database.prepare('SELECT * FROM clients WHERE id = ?');
    this.#list = database.prepare('SELECT * FROM clients ORDER BY created_at, rowid');
    this.#algorithms = database.prepare(
      `SELECT DISTINCT json_extract(metadata, '$.id_token_signed_response_alg') AS algorithm FROM clients`,
    );
    this.#save = database.prepare(
      `INSERT INTO clients (id, metadata, secret_verifier, source, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET metadata = excluded.metadata, secret_verifier = excluded.secret_verifier,
         source = excluded.source, created_at = excluded.created_at, updated_at = excluded.updated_at`,
    );
    this.#delete = database.prepare('DELETE FROM clients WHERE id = ?');
    this.#neverUsed = database.prepare(
      'SELECT 1 FROM registrations WHERE client_id = ? AND used_at IS NULL',
    );
    this.#deleteRegistration = database.prepare('DELETE FROM registrations WHERE client_id = ?');
    this.#deleteGrants = database.prepare('DELETE FROM grants WHERE client_id = ?');
    this.#deleteRecords = database.prepare(
      `DELETE FROM records WHERE json_extract(payload, '$.clientId') = ?`,
    );
    this.#deleteConsents = database.prepare('DELETE FROM consents WHERE client_id = ?');
  }

  async find(id: string): Promise<StoredClient | undefined> {
    const row = this.#select.get(id) as ClientRow | undefined;
    return row && fromRow(row);
  }

  async list(): Promise<StoredClient[]> {
    return (this.#list.all() as unknown as ClientRow[]).map(fromRow);
  }

  async idTokenAlgorithms(): Promise<readonly string[]> {
    const values = this.#algorithms.all().map(({ algorithm }) => algorithm);
    return values.filter((algorithm) => typeof algorithm === 'string');
  }

  async save(client: StoredClient): Promise<void> {
    this.#transactions.run(
      this.#save,
      client.id,
      JSON.stringify(joinMembers(client)),
      client.secretVerifier,
      client.source,
      client.createdAt,
      client.updatedAt,
    );
  }

  async remove(id: string): Promise<boolean> {
    const removed = this.#transactions.run(this.#delete, id) === 1;
    // Whoever registers clients and removes them again makes us scan only the small table.
    const neverUsed = this.#neverUsed.get(id) !== undefined;
    this.#transactions.run(this.#deleteRegistration, id);
    // A client that is added again under the same ID must not find the old one's tokens alive. Scans, but is rare.
    if (!neverUsed) this.#transactions.run(this.#deleteGrants, id);
    this.#transactions.run(this.#deleteRecords, id);
    this.#transactions.run(this.#deleteConsents, id);
    return removed;
  }
}

function fromRow(row: ClientRow): StoredClient {
  return {
    id: row.id,
    ...splitMembers(JSON.parse(row.metadata)),
    secretVerifier: row.secret_verifier,
    source: row.source,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
