import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** What a state directory holds. */
export interface Stored {
  /** Rows by table. */
  readonly rows: Readonly<Record<string, number>>;
  /** Of the pages of each table and its indices: free pages, which the next rows will use, are no growth. */
  readonly bytes: Readonly<Record<string, number>>;
  /** Of all files, write-ahead log and free pages included. */
  readonly fileBytes: number;
}

export function readStored(stateDirectory: string): Stored {
  const database = new DatabaseSync(join(stateDirectory, 'tsidp.db'), { readOnly: true });
  try {
    const tables = database
      .prepare(
        `SELECT tbl_name AS name, sum(pgsize) AS bytes
         FROM dbstat JOIN sqlite_schema USING (name) GROUP BY tbl_name`,
      )
      .all()
      .map((row) => ({ name: String(row['name']), bytes: Number(row['bytes']) }));
    const countOf = (name: string): number =>
      Number(database.prepare(`SELECT count(*) AS count FROM "${name}"`).get()?.['count']);
    return {
      rows: Object.fromEntries(tables.map(({ name }) => [name, countOf(name)])),
      bytes: Object.fromEntries(tables.map(({ name, bytes }) => [name, bytes])),
      fileBytes: readdirSync(stateDirectory)
        .map((name) => statSync(join(stateDirectory, name)))
        .reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0),
    };
  } finally {
    database.close();
  }
}

type Counts = Readonly<Record<string, number>>;

/** Growth from one to the other, by table, where there is any. */
export function growth(before: Counts, after: Counts): Record<string, number> {
  return Object.fromEntries(
    Object.entries(after)
      .map(([name, count]): [string, number] => [name, count - (before[name] ?? 0)])
      .filter(([, more]) => more !== 0),
  );
}

/** What of a growth is not the victims': they do in both phases the same. Never negative. */
export function beyond(quiet: Counts, attacked: Counts): Record<string, number> {
  return Object.fromEntries(
    Object.entries(attacked)
      .map(([name, more]): [string, number] => [name, more - Math.max(0, quiet[name] ?? 0)])
      .filter(([, more]) => more > 0),
  );
}

export const sumOf = (counts: Counts): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);
