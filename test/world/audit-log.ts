import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export interface AuditRow {
  readonly event: string;
  readonly subject: string | null;
  readonly client: string | null;
  readonly reason: string | null;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** The audit records of the daemon that runs in `directory`, oldest first, read beside it. */
export function auditLog(directory: string): AuditRow[] {
  const database = new DatabaseSync(join(directory, 'state', 'tsidp.db'), { readOnly: true });
  try {
    const rows = database.prepare(
      'SELECT event, subject, client, reason, detail FROM audit ORDER BY id',
    );
    return rows.all().map((row) => ({
      ...(row as unknown as AuditRow),
      detail: JSON.parse(String(row['detail'] ?? '{}')),
    }));
  } finally {
    database.close();
  }
}
