import type { AuditEvent, AuditRecord } from '../../store/store.ts';

/** A record as the table has it: lists and objects are JSON texts. `docs/audit.md` promises outsiders these columns. */
export interface AuditRow {
  readonly id: number;
  readonly at: number;
  readonly event: string;
  readonly subject: string | null;
  readonly login: string | null;
  readonly device: string | null;
  readonly client: string | null;
  readonly scope: string | null;
  readonly reason: string | null;
  readonly jti: string | null;
  readonly detail: string | null;
  readonly actors: string | null;
  readonly resource: string | null;
  readonly parents: string | null;
  readonly listener: string | null;
  /** Null: written by a release that knew no chain. */
  readonly hash: string | null;
}

export interface StoredAudit extends AuditRecord {
  readonly id: number;
}

export function toRow(id: number, record: AuditRecord): Omit<AuditRow, 'hash'> {
  return {
    id,
    at: record.at,
    event: record.event,
    subject: textOf(record.subject),
    login: textOf(record.login),
    device: textOf(record.device),
    client: textOf(record.client),
    scope: textOf(record.scope),
    reason: textOf(record.reason),
    jti: listOf(record.jti),
    detail: record.detail === undefined ? null : JSON.stringify(record.detail),
    actors: listOf(record.actors),
    resource: listOf(record.resource),
    parents: listOf(record.parents),
    listener: textOf(record.listener),
  };
}

/** Members that the record does not have are left out. */
export function fromRow(row: AuditRow): StoredAudit {
  const record: Record<string, unknown> = {
    id: row.id,
    at: row.at,
    event: row.event as AuditEvent,
  };
  for (const name of texts) if (row[name] !== null) record[name] = row[name];
  for (const name of values) if (row[name] !== null) record[name] = JSON.parse(row[name]);
  return record as unknown as StoredAudit;
}

const texts = ['subject', 'login', 'device', 'client', 'scope', 'reason', 'listener'] as const;
const values = ['jti', 'parents', 'actors', 'resource', 'detail'] as const;

/** SQLite keeps UTF-8, in which half a character has no form: it would come back as another than was hashed. */
function textOf(text: string | undefined): string | null {
  return text === undefined ? null : text.toWellFormed();
}

function listOf(list: readonly string[] | undefined): string | null {
  return list === undefined || list.length === 0 ? null : JSON.stringify(list);
}
