import type { StatementSync } from 'node:sqlite';
import type { Consent, ConsentFilter, ConsentKey, ConsentTable } from '../consent-table.ts';
import type { Context } from './base-adapter.ts';
import type { Transactions } from './transactions.ts';

/** Of `usedAt`, so that a login seldom writes. */
const useResolutionSeconds = 86_400;

/** Of one person; those go that were not used for longest (T38). */
const mostOfPerson = 500;

interface Row {
  subject: string;
  client_id: string;
  redirect_host: string;
  device: string;
  redirects_digest: string;
  resource: string;
  scopes: string;
  login: string;
  given_at: number;
  used_at: number;
  expires_at: number;
}

const keyMatches =
  'client_id = ?1 AND subject = ?2 AND redirect_host = ?3 AND device = ?4 AND redirects_digest = ?5';
const filterMatches = '(?1 IS NULL OR client_id = ?1) AND (?2 IS NULL OR subject = ?2)';

export class SqliteConsents implements ConsentTable {
  readonly #transactions: Transactions;
  readonly #clock: Context['clock'];
  readonly #select: StatementSync;
  readonly #save: StatementSync;
  readonly #use: StatementSync;
  readonly #trim: StatementSync;
  readonly #list: StatementSync;
  readonly #deleteGrants: StatementSync;
  readonly #delete: StatementSync;
  readonly #forget: StatementSync;

  constructor({ database, transactions, clock }: Context) {
    this.#transactions = transactions;
    this.#clock = clock;
    this.#select = database.prepare(
      `SELECT * FROM consents WHERE ${keyMatches} AND expires_at > ?6`,
    );
    // one statement, so that of two pages answered at once neither forgets what the other allowed
    this.#save = database.prepare(
      `INSERT INTO consents (client_id, subject, redirect_host, device, redirects_digest, resource, scopes, login,
         given_at, used_at, expires_at)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10)
       ON CONFLICT (client_id, subject, redirect_host, device, resource) DO UPDATE SET
         scopes = CASE
           WHEN consents.redirects_digest = excluded.redirects_digest AND consents.expires_at > excluded.given_at
           THEN (SELECT json_group_array(value) FROM (SELECT value FROM json_each(consents.scopes)
             UNION SELECT value FROM json_each(excluded.scopes) ORDER BY value))
           ELSE excluded.scopes END,
         redirects_digest = excluded.redirects_digest, login = excluded.login, given_at = excluded.given_at,
         used_at = excluded.used_at, expires_at = excluded.expires_at`,
    );
    this.#use = database.prepare(
      `UPDATE consents SET used_at = ?6 WHERE ${keyMatches}
         AND used_at NOT BETWEEN ?6 - ${useResolutionSeconds} + 1 AND ?6`,
    );
    this.#trim = database.prepare(
      `DELETE FROM consents WHERE id IN (SELECT id FROM consents WHERE subject = ?
         ORDER BY used_at DESC, id DESC LIMIT -1 OFFSET ${mostOfPerson})`,
    );
    this.#list = database.prepare(
      `SELECT * FROM consents WHERE ${filterMatches} ORDER BY given_at, id`,
    );
    this.#deleteGrants = database.prepare(
      `DELETE FROM grants WHERE ${filterMatches}
         AND EXISTS (SELECT 1 FROM consents
           WHERE consents.client_id = grants.client_id AND consents.subject = grants.subject)`,
    );
    this.#delete = database.prepare(`DELETE FROM consents WHERE ${filterMatches}`);
    this.#forget = database.prepare('DELETE FROM consents WHERE client_id = ?');
  }

  async find(key: ConsentKey): Promise<Consent[]> {
    const rows = this.#select.all(...valuesOf(key), this.#clock.nowSeconds());
    return (rows as unknown as Row[]).map(fromRow);
  }

  save(consent: Omit<Consent, 'usedAt'>): void {
    this.#transactions.run(
      this.#save,
      ...valuesOf(consent),
      consent.resource ?? '',
      JSON.stringify([...new Set(consent.scopes)].sort()),
      consent.login,
      consent.givenAt,
      consent.expiresAt,
    );
    this.#transactions.run(this.#trim, consent.subject);
  }

  use(key: ConsentKey, nowSeconds: number): void {
    this.#transactions.run(this.#use, ...valuesOf(key), nowSeconds);
  }

  async list({ clientId, subject }: ConsentFilter): Promise<Consent[]> {
    const rows = this.#list.all(clientId ?? null, subject ?? null);
    return (rows as unknown as Row[]).map(fromRow);
  }

  async revoke(filter: ConsentFilter): Promise<Consent[]> {
    const values = [filter.clientId ?? null, filter.subject ?? null] as const;
    // The Grants first, as the consents say which ones. Scans them all, but is rare; it opens the transaction, too,
    // so that what is listed is what is deleted.
    this.#transactions.run(this.#deleteGrants, ...values);
    const revoked = await this.list(filter);
    this.#transactions.run(this.#delete, ...values);
    return revoked;
  }

  async forget(clientId: string): Promise<number> {
    return this.#transactions.run(this.#forget, clientId);
  }
}

function valuesOf(key: ConsentKey): [string, string, string, string, string] {
  const { clientId, subject, redirectHost, device = '', redirectsDigest = '' } = key;
  return [clientId, subject, redirectHost, device, redirectsDigest];
}

function fromRow(row: Row): Consent {
  return {
    subject: row.subject,
    clientId: row.client_id,
    redirectHost: row.redirect_host,
    device: row.device === '' ? undefined : row.device,
    redirectsDigest: row.redirects_digest === '' ? undefined : row.redirects_digest,
    resource: row.resource === '' ? undefined : row.resource,
    scopes: JSON.parse(row.scopes),
    login: row.login,
    givenAt: row.given_at,
    usedAt: row.used_at,
    expiresAt: row.expires_at,
  };
}
