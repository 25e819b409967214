import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** What a state directory holds. */
export interface Stored {
  /** Rows by table. */
  readonly rows: Readonly<Record<string, number>>;
  /** Of the database that hold something: pages that the next rows will use are no growth. */
  readonly liveBytes: number;
  /** Of all files, write-ahead log and free pages included. */
  readonly fileBytes: number;
}

export function readStored(stateDirectory: string): Stored {
  const database = new DatabaseSync(join(stateDirectory, 'tsidp.db'), { readOnly: true });
  try {
    const number = (sql: string): number =>
      Number(Object.values(database.prepare(sql).get() ?? {})[0]);
    const tables = database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
      .all()
      .map(({ name }) => String(name));
    const pages = number('PRAGMA page_count') - number('PRAGMA freelist_count');
    return {
      rows: Object.fromEntries(
        tables.map((name) => [name, number(`SELECT count(*) FROM "${name}"`)]),
      ),
      liveBytes: pages * number('PRAGMA page_size'),
      fileBytes: readdirSync(stateDirectory)
        .map((name) => statSync(join(stateDirectory, name)))
        .reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0),
    };
  } finally {
    database.close();
  }
}

/** Growth from one to the other, by table, where there is any. */
export function rowsBetween(before: Stored, after: Stored): Record<string, number> {
  return Object.fromEntries(
    Object.entries(after.rows)
      .map(([name, count]): [string, number] => [name, count - (before.rows[name] ?? 0)])
      .filter(([, growth]) => growth !== 0),
  );
}

/** What of a growth is not the victims': they do in both phases the same. Never negative. */
export function beyond(
  quiet: Readonly<Record<string, number>>,
  attacked: Readonly<Record<string, number>>,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(attacked)
      .map(([name, growth]): [string, number] => [name, growth - Math.max(0, quiet[name] ?? 0)])
      .filter(([, growth]) => growth > 0),
  );
}
