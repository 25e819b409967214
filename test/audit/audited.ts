import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { onTestFinished } from 'vitest';
import { verifyAudit } from '../../src/audit/verify.ts';
import type { AuditRecord } from '../../src/store/store.ts';
import { loadOrCreateKeys } from '../../src/tokens/keys.ts';
import { type Opened, openStore, TestClock, temporaryDirectory } from '../store/opened.ts';

/** A record with every member. */
export const full: AuditRecord = {
  at: 1_800_000_000,
  event: 'exchange',
  subject: 'userid:1',
  login: 'älice@example.com',
  device: 'nAlice',
  client: 'grafana',
  scope: 'openid email',
  reason: 'because "so"',
  jti: ['aaaa', 'bbbb'],
  detail: { stale: true, 7: [1.5, null], text: '\u0000\ud800 🦊' },
  actors: ['node:n1', 'node:n2'],
  resource: ['https://mcp.example'],
  parents: ['cccc'],
  listener: 'tailnet',
};

export interface Audited extends Opened {
  readonly directory: string;
  readonly path: string;
  /** As `tsidp audit verify` finds it: `3 missing`, `1-2 missing`. */
  problems(): Promise<string[]>;
  /** Changes the database as somebody would who may write to the file, with nothing in the way. */
  tamper(sql: string, ...values: (string | number | null)[]): void;
}

/** A store on disk with keys, in which each of the records is committed. */
export async function openAudited(records: readonly AuditRecord[] = []): Promise<Audited> {
  const directory = temporaryDirectory();
  const path = join(directory, 'tsidp.db');
  const opened = openStore(path, new TestClock());
  await loadOrCreateKeys(opened.store, opened.clock);
  for (const record of records) {
    opened.store.audit.append(record);
    await opened.store.committed();
  }
  return {
    ...opened,
    directory,
    path,
    problems: async () => problemsOf(path),
    tamper: (sql, ...values) => tamperWith(path, sql, ...values),
  };
}

export async function problemsOf(path: string): Promise<string[]> {
  const { problems } = await verifyAudit(path);
  return problems.map(({ from, to, what }) => `${from === to ? from : `${from}-${to}`} ${what}`);
}

export function tamperWith(path: string, sql: string, ...values: (string | number | null)[]): void {
  const database = new DatabaseSync(path, { timeout: 5000 });
  try {
    const triggers = database
      .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
      .all();
    for (const { name } of triggers) database.exec(`DROP TRIGGER ${String(name)}`);
    database.prepare(sql).run(...values);
    for (const trigger of triggers) database.exec(String(trigger['sql']));
  } finally {
    database.close();
  }
}

/** A second connection, as another process has. */
export function openBeside(path: string): Opened {
  const opened = openStore(path, new TestClock());
  onTestFinished(() => opened.store.close());
  return opened;
}
