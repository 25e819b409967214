import type { DatabaseSync } from 'node:sqlite';
import type { AuditRow } from './chain/row.ts';

/** A record of a family, and how many exchanges lie between its tokens and the first ones. */
export interface FamilyMember {
  readonly row: AuditRow;
  readonly depth: number;
}

/**
 * Everything that a token came from and that came from it, by the name of one of its tokens or Grants: oldest
 * first. What else came from its ancestors is not its family. Makes an index of all names first, outside the
 * database: the log itself has none, for the sake of the logins that write it.
 * @param name as in `jti`
 */
export function findFamily(database: DatabaseSync, name: string): FamilyMember[] {
  database.exec(indexOfNames);
  try {
    const rows = database.prepare(family).all({ name }) as unknown as AuditRow[];
    const depths = new Map<string, number>();
    return rows.map((row) => {
      const jti = namesIn(row.jti);
      const depth = depthOf(jti, namesIn(row.parents), depths);
      for (const one of jti) if (!depths.has(one)) depths.set(one, depth);
      return { row, depth };
    });
  } finally {
    database.exec('DROP TABLE temp.links');
  }
}

const indexOfNames = `
  CREATE TEMP TABLE links (name TEXT, issued INTEGER, record INTEGER);
  INSERT INTO links SELECT value, 1, audit.id FROM audit, json_each(audit.jti);
  INSERT INTO links SELECT value, 0, audit.id FROM audit, json_each(audit.parents);
  CREATE INDEX temp.links_name ON links (name, issued, record)`;

/** `own`: what was issued together with it. `up`: what that came from. `down`: what came from that. */
const family = `
  WITH RECURSIVE
    own (name) AS (
      VALUES (:name)
      UNION SELECT value FROM own
        JOIN links ON links.name = own.name AND issued
        JOIN audit ON audit.id = record, json_each(audit.jti)
    ),
    up (name) AS (
      SELECT name FROM own
      UNION SELECT value FROM up
        JOIN links ON links.name = up.name AND issued
        JOIN (
          SELECT audit.id, value FROM audit, json_each(audit.jti)
          UNION ALL SELECT audit.id, value FROM audit, json_each(audit.parents)
        ) AS named ON named.id = record
    ),
    down (name) AS (
      SELECT name FROM own
      UNION SELECT value FROM down
        JOIN links ON links.name = down.name
        JOIN audit ON audit.id = record, json_each(audit.jti)
    )
  SELECT * FROM audit WHERE id IN (
    SELECT record FROM links JOIN up ON up.name = links.name AND issued
    UNION SELECT record FROM links JOIN down ON down.name = links.name
  ) ORDER BY id`;

function depthOf(
  jti: readonly string[],
  parents: readonly string[],
  depths: ReadonlyMap<string, number>,
): number {
  const known = jti.flatMap((one) => depths.get(one) ?? []);
  const above = parents.flatMap((one) => depths.get(one) ?? []);
  if (known.length > 0) return Math.max(...known);
  return above.length > 0 ? 1 + Math.max(...above) : 0;
}

function namesIn(list: string | null): string[] {
  return list === null ? [] : (JSON.parse(list) as string[]);
}
