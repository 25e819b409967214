import { DatabaseSync } from 'node:sqlite';
import { splitMembers } from '../client-members.ts';
import { fileSize, messageOf } from '../files.ts';
import { type StoredClient, StoreError } from '../store.ts';
import { checkDatabase, readOnlyLocation } from './check.ts';
import { connectToRead } from './read-only.ts';

export interface DatabaseFacts {
  readonly sizeBytes: number;
  /** When the newest audit record was written, epoch seconds; undefined without any. */
  readonly lastAuditSeconds: number | undefined;
}

/**
 * Looks at a database, also while a daemon uses it, and changes nothing.
 * @returns undefined where there is none
 * @throws StoreError when it is damaged, not ours, or can't be read
 */
export function inspectDatabase(path: string): DatabaseFacts | undefined {
  const sizeBytes = fileSize(path);
  if (sizeBytes === undefined) return undefined;
  let database: DatabaseSync | undefined;
  try {
    checkDatabase(path, sizeBytes);
    database = new DatabaseSync(readOnlyLocation(path), { readOnly: true, timeout: 5000 });
    const at = database.prepare('SELECT max(at) AS at FROM audit').get()?.['at'];
    return { sizeBytes, lastAuditSeconds: typeof at === 'number' ? at : undefined };
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw new StoreError(`${path} can't be read: ${messageOf(error)}`, { cause: error });
  } finally {
    database?.close();
  }
}

export type InspectedClient = Pick<StoredClient, 'id' | 'metadata' | 'options'>;

/**
 * The clients of a database, also while a daemon uses it; changes nothing.
 * @returns none where there is no database
 * @throws StoreError when it can't be read
 */
export function inspectClients(path: string): readonly InspectedClient[] {
  if (fileSize(path) === undefined) return [];
  const database = connectToRead(path);
  try {
    const rows = database.prepare('SELECT id, metadata FROM clients').all();
    return rows.map((row) => ({
      id: String(row['id']),
      ...splitMembers(JSON.parse(String(row['metadata']))),
    }));
  } catch (error) {
    throw new StoreError(`${path} can't be read: ${messageOf(error)}`, { cause: error });
  } finally {
    database.close();
  }
}
