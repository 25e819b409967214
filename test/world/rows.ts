import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { World } from './world.ts';

/** What is there for itself and grows with nobody's visits, or has a bound of its own (the audit log). */
const durable = new Set(['audit', 'audit_chain', 'audit_heads', 'keys', 'imports', 'clients']);

/** Rows by table, of those that people's visits fill. */
export function rowsOf({ directory }: World): Record<string, number> {
  using database = new DatabaseSync(join(directory, 'state', 'tsidp.db'), { readOnly: true });
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  const names = tables.map(({ name }) => String(name)).filter((name) => !durable.has(name));
  const counted = names.map((name) => {
    const row = database.prepare(`SELECT count(*) AS n FROM ${name}`).get();
    return [name, Number(row?.['n'])] as const;
  });
  return Object.fromEntries(counted.filter(([, count]) => count > 0));
}
