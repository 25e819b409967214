import type { StatementSync } from 'node:sqlite';
import { digest } from '../digest.ts';
import type { Family, FamilyFilter, FamilyTable } from '../family-table.ts';
import type { Context } from './base-adapter.ts';
import type { Transactions } from './transactions.ts';

interface Row {
  digest: Uint8Array;
  subject: string | null;
  client_id: string | null;
  device: string | null;
  payload: string;
  created_at: number;
  expires_at: number | null;
}

/** What of a Grant's payload tells of its family. */
interface Payload {
  readonly openid?: { readonly scope?: string };
  readonly resources?: Readonly<Record<string, string>>;
  readonly parents?: readonly string[];
  readonly actors?: readonly { readonly stableId: string }[];
}

const acts = (what: string) =>
  `EXISTS (SELECT 1 FROM json_each(payload, '$.actors') WHERE ${what})`;

/** Token families over the rows of Grants. For commands: it reads all of them. */
export class SqliteFamilies implements FamilyTable {
  readonly #transactions: Transactions;
  readonly #clock: Context['clock'];
  readonly #list: StatementSync;
  readonly #byToken: StatementSync;
  readonly #delete: StatementSync;

  constructor({ database, transactions, clock }: Context) {
    this.#transactions = transactions;
    this.#clock = clock;
    this.#list = database.prepare(
      `SELECT digest, subject, client_id, device, payload, created_at, expires_at FROM grants
       WHERE (expires_at IS NULL OR expires_at > ?4) AND (waits_until IS NULL OR waits_until > ?4)
         AND (?1 IS NULL OR subject = ?1 OR ${acts(`'node:' || json_extract(value, '$.stableId') = ?1`)})
         AND (?2 IS NULL OR client_id = ?2)
         AND (?3 IS NULL OR device = ?3 OR ${acts(`json_extract(value, '$.stableId') = ?3`)})
       ORDER BY created_at, id`,
    );
    this.#byToken = database.prepare(
      `SELECT grant_digest AS digest FROM access_tokens WHERE digest BETWEEN ?1 AND ?2
       UNION SELECT grant_digest FROM refresh_tokens WHERE digest BETWEEN ?1 AND ?2
       UNION SELECT grant_digest FROM records
         WHERE model = 'ClientCredentials' AND digest BETWEEN ?1 AND ?2
       UNION SELECT digest FROM grants WHERE digest BETWEEN ?1 AND ?2`,
    );
    this.#delete = database.prepare('DELETE FROM grants WHERE digest = ?');
  }

  async list({ subject, clientId, device, token }: FamilyFilter): Promise<Family[]> {
    const rows = this.#list.all(
      subject ?? null,
      clientId ?? null,
      device ?? null,
      this.#clock.nowSeconds(),
    ) as unknown as Row[];
    const families = rows.map(fromRow);
    return token === undefined ? families : kinOf(this.#namesOf(token), families);
  }

  async end(name: string): Promise<boolean> {
    return this.#transactions.run(this.#delete, Buffer.from(name, 'hex')) === 1;
  }

  /** Of the Grants that a token, as audit records name it, came with. */
  #namesOf(token: string): ReadonlySet<string> {
    const ranges = [rangeOf(digest(token).toString('hex'))];
    if (/^(?:[0-9a-f]{2}){8,32}$/u.test(token)) ranges.push(rangeOf(token));
    const found = ranges.flatMap((range) => this.#byToken.all(...range)) as {
      digest: Uint8Array | null;
    }[];
    return new Set(found.flatMap((row) => (row.digest ? [hex(row.digest)] : [])));
  }
}

function rangeOf(name: string): [Buffer, Buffer] {
  return [Buffer.from(name.padEnd(64, '0'), 'hex'), Buffer.from(name.padEnd(64, 'f'), 'hex')];
}

/** All that these Grants descend from, and all that descends from them. */
function kinOf(names: ReadonlySet<string>, families: readonly Family[]): Family[] {
  const byName = new Map(families.map((family) => [family.name, family]));
  const ancestors = new Set(names);
  for (const name of ancestors) {
    for (const parent of byName.get(name)?.parents ?? []) ancestors.add(parent);
  }
  const kin = new Set(ancestors);
  // parents are older than their children, and stand before them
  for (const { name, parents } of families) {
    const isFrom = parents.some((parent) => kin.has(parent) && !isAbove(parent, names, ancestors));
    if (isFrom) kin.add(name);
  }
  return families.filter(({ name }) => kin.has(name));
}

/** A mere ancestor: what else came from it is no kin of the token's. */
function isAbove(
  name: string,
  names: ReadonlySet<string>,
  ancestors: ReadonlySet<string>,
): boolean {
  return ancestors.has(name) && !names.has(name);
}

function fromRow(row: Row): Family {
  const { openid, resources = {}, parents = [], actors = [] }: Payload = JSON.parse(row.payload);
  const scopes = [openid?.scope ?? '', ...Object.values(resources)].join(' ').split(' ');
  return {
    name: hex(row.digest),
    subject: row.subject ?? undefined,
    clientId: row.client_id ?? undefined,
    device: row.device ?? undefined,
    resources: Object.keys(resources),
    scopes: [...new Set(scopes.filter((scope) => scope !== ''))],
    actors: actors.map(({ stableId }) => stableId),
    parents,
    createdAt: row.created_at,
    expiresAt: row.expires_at ?? undefined,
  };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
