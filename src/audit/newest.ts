import { AuditReader } from '../store/sqlite/audit-reader.ts';
import { openToRead } from '../store/sqlite/read-only.ts';
import { ChainCheck } from './chain/chain.ts';
import { checkHead } from './chain/heads.ts';

export interface NewestHead {
  /** ID of the record that it signs, and when, epoch seconds. */
  readonly record: number;
  readonly at: number;
  /** How many records follow it. */
  readonly following: number;
  /** Undefined: it is sound, and the record is the one that was signed. */
  readonly problem: string | undefined;
}

/**
 * Looks at the newest signature of the audit log and at its record alone, however long the log is; `verifyAudit` looks
 * at everything. Changes nothing.
 * @returns undefined while nothing is signed
 * @throws StoreError when there is no database that could be read
 */
export async function checkNewestHead(path: string): Promise<NewestHead | undefined> {
  const database = openToRead(path);
  try {
    database.exec('BEGIN');
    const reader = new AuditReader(database);
    const state = reader.chain();
    const newest = reader.headsAfter(reader.newestHead() - 1, state.first)[0]?.head;
    if (!newest) return undefined;
    const { sequence, at } = newest;
    const last = reader.last()?.id ?? state.removedTo;
    const facts = { record: sequence, at, following: Math.max(0, last - sequence) };
    const outcome = await checkHead(reader.signingKeys(), newest);
    if (outcome !== 'sound') return { ...facts, problem: `its signature has an ${outcome}` };
    if (newest.writer !== state.writer) return { ...facts, problem: 'it is of another chain' };
    if (sequence > last) return { ...facts, problem: 'it was signed, and is missing at the end' };
    return { ...facts, problem: recordProblem(reader, newest) };
  } finally {
    database.close();
  }
}

function recordProblem(
  reader: AuditReader,
  { sequence, hash }: { readonly sequence: number; readonly hash: string | null },
): string | undefined {
  const state = reader.chain();
  // rotated away with its head kept: nothing is left to compare
  if (sequence <= state.removedTo) return undefined;
  const [before, row] = reader.after(sequence - 2, 2).slice(-2);
  const record = row ?? before;
  if (record?.id !== sequence) return 'it is missing';
  if (record.hash !== hash) return 'it has another hash than was signed';
  const previous =
    sequence - 1 === state.removedTo
      ? { id: state.removedTo, hash: state.removedHash }
      : row && before && { id: before.id, hash: before.hash };
  if (!previous) return undefined;
  const check = new ChainCheck(state, previous);
  check.next(record);
  return check.problems[0] && `it ${check.problems[0].what}`;
}
