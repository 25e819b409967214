import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { AuditReader } from '../store/sqlite/audit-reader.ts';
import { openToRead } from '../store/sqlite/read-only.ts';
import { type Archive, archivesIn, checkArchives } from './archives.ts';
import { ChainCheck, type ChainProblem, type ChainState } from './chain/chain.ts';
import { checkHead, type SignedHead } from './chain/heads.ts';

/** Times are epoch seconds, positions are IDs of records. */
export interface AuditVerification {
  readonly writer: string;
  /** How many records fit their hash or are older than the chain. */
  readonly records: number;
  /** How many are older than the chain: nothing can be told of them but that none is missing. */
  readonly unchained: number;
  /** Up to which record they were rotated away. */
  readonly removedTo: number;
  /** The newest signature: what follows it could be cut off or written anew by whoever may write to the file. */
  readonly signedTo: { readonly record: number; readonly at: number } | undefined;
  readonly last: number;
  /** Archives beside the database that were read, too. */
  readonly archives: readonly Archive[];
  /** In the order of the records; those of the archives first. */
  readonly problems: readonly ChainProblem[];
}

/**
 * Follows the whole chain of a database, also while a daemon writes to it, its signed heads, and the archives beside
 * it. Changes nothing.
 * @throws StoreError when there is no database that could be read
 */
export async function verifyAudit(path: string): Promise<AuditVerification> {
  const database = openToRead(path);
  try {
    database.exec('BEGIN');
    return await verify(database, dirname(path));
  } finally {
    database.close();
  }
}

async function verify(database: DatabaseSync, directory: string): Promise<AuditVerification> {
  const reader = new AuditReader(database);
  const state = reader.chain();
  const heads = reader.heads(state.first);
  const check = new ChainCheck(state, { id: state.removedTo, hash: state.removedHash });
  const found = new Map<number, string | null>([[state.removedTo, state.removedHash]]);
  const signed = new Set(heads.map(({ sequence }) => sequence));
  for (const row of reader.all()) {
    check.next(row);
    if (signed.has(row.id)) found.set(row.id, row.hash);
  }
  const { last } = check;
  const ends = { ...state, last: last.id, found };
  const headProblems = await checkHeads(heads, ends, reader);
  const archives = archivesIn(directory);
  const archiveProblems = await checkArchives(archives, state, reader.signingKeys());
  const newest = heads.reduce<SignedHead | undefined>(
    (best, head) => (best && best.sequence > head.sequence ? best : head),
    undefined,
  );
  return {
    writer: state.writer,
    records: check.chained + check.unchained,
    unchained: check.unchained,
    removedTo: state.removedTo,
    signedTo: newest && { record: newest.sequence, at: newest.at },
    last: last.id,
    archives,
    problems: [...archiveProblems, ...check.problems, ...headProblems],
  };
}

interface Ends extends ChainState {
  readonly last: number;
  /** Hashes of the records that a head is about, as far as they are there. */
  readonly found: ReadonlyMap<number, string | null>;
}

async function checkHeads(
  heads: readonly SignedHead[],
  { writer, removedTo, last, found }: Ends,
  reader: AuditReader,
): Promise<ChainProblem[]> {
  const problems: ChainProblem[] = [];
  const keys = reader.signingKeys();
  let cutIsSigned = removedTo === 0;
  for (const head of heads) {
    const { sequence, hash } = head;
    const problem = (from: number, what: string) => problems.push({ from, to: sequence, what });
    const outcome = await checkHead(keys, head);
    if (outcome !== 'sound') problem(sequence, `the signed head of it has an ${outcome}`);
    else if (head.writer !== writer) problem(sequence, 'its signed head is of another chain');
    else if (sequence > last) problem(last + 1, 'missing at the end: they were signed');
    else if (found.has(sequence) && found.get(sequence) !== hash) {
      problem(sequence, 'has another hash than was signed');
    } else if (sequence === removedTo) cutIsSigned = true;
  }
  if (!cutIsSigned) {
    problems.push({ from: 1, to: removedTo, what: 'missing, and nobody signed their removal' });
  }
  return problems;
}
