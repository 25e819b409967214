import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { messageOf } from '../store/files.ts';
import type { StoredKey } from '../store/store.ts';
import { ChainCheck, type ChainProblem, type ChainState } from './chain/chain.ts';
import { checkHead, type SignedHead } from './chain/heads.ts';
import { type AuditLine, readAuditLine, type Segment } from './line.ts';

/** A file of records that were rotated away: a segment line, the records, the signed head of the last one. */
export interface Archive {
  readonly path: string;
  readonly from: number;
  readonly to: number;
}

/** @param copy 2 and up, where another file of the same records is in the way */
export function archiveName(from: number, to: number, copy = 1): string {
  return `audit-${from}-${to}${copy === 1 ? '' : `.${copy}`}.jsonl`;
}

/** Those of a directory, oldest records first. */
export function archivesIn(directory: string): Archive[] {
  return readdirSync(directory)
    .flatMap((name) => {
      const [, from, to] = /^audit-(\d+)-(\d+)(?:\.\d+)?\.jsonl$/u.exec(name) ?? [];
      return from === undefined || to === undefined
        ? []
        : [{ path: join(directory, name), from: Number(from), to: Number(to) }];
    })
    .sort((a, b) => a.from - b.from || a.to - b.to);
}

/**
 * What does not fit in the archives, and between them and the cut in the database. Which of them are still here is
 * the operator's business.
 */
export async function checkArchives(
  archives: readonly Archive[],
  state: ChainState,
  keys: readonly StoredKey[],
): Promise<ChainProblem[]> {
  const ends = new Map<number, string | null>([[state.removedTo, state.removedHash]]);
  const problems: ChainProblem[] = [];
  for (const archive of archives) {
    problems.push(...(await checkArchive(archive, state, keys, ends)));
  }
  return problems;
}

/** @param ends hashes of last records, by ID: of the cut and of earlier archives; completed */
async function checkArchive(
  archive: Archive,
  state: ChainState,
  keys: readonly StoredKey[],
  ends: Map<number, string | null>,
): Promise<ChainProblem[]> {
  const { path, from, to } = archive;
  let check: ChainCheck | undefined;
  const own: ChainProblem[] = [];
  try {
    let signed = false;
    for await (const line of linesOf(path)) {
      if (line.writer !== state.writer) throw new Error('it is of another chain');
      if (line.type === 'audit-segment') check = begin(archive, line, state, ends);
      else if (!check) throw new Error('it has no beginning');
      else if (line.type === 'audit') check.next(line.row);
      else signed = await isSigned(line, check, state, keys);
    }
    if (!check || !signed || check.last.id !== to) throw new Error('it is cut short');
    refuseOther(ends, to, check.last.hash);
    ends.set(to, check.last.hash);
  } catch (error) {
    own.push({ from, to, what: `in an archive that can't be trusted: ${messageOf(error)}` });
  }
  return [...(check?.problems ?? []), ...own].map((one) => ({
    ...one,
    what: `${one.what} (${path})`,
  }));
}

function begin(
  { from }: Archive,
  segment: Segment,
  state: ChainState,
  ends: ReadonlyMap<number, string | null>,
): ChainCheck {
  if (segment.from !== from || segment.first !== state.first) throw new Error('it begins wrongly');
  refuseOther(ends, from - 1, segment.previous);
  return new ChainCheck(state, { id: from - 1, hash: segment.previous });
}

async function isSigned(
  head: SignedHead,
  { last }: ChainCheck,
  { first }: ChainState,
  keys: readonly StoredKey[],
): Promise<boolean> {
  const fits = head.sequence === last.id && head.hash === last.hash && head.first === first;
  if (!fits || (await checkHead(keys, head)) !== 'sound') {
    throw new Error('its signature does not fit');
  }
  return true;
}

function refuseOther(
  ends: ReadonlyMap<number, string | null>,
  id: number,
  hash: string | null,
): void {
  const known = ends.get(id);
  if (known !== undefined && known !== hash) throw new Error(`record ${id} has two hashes`);
}

async function* linesOf(path: string): AsyncGenerator<AuditLine> {
  let number = 0;
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Infinity });
  for await (const line of lines) {
    number += 1;
    try {
      yield readAuditLine(line);
    } catch (cause) {
      throw new Error(`line ${number} is not one of an audit log`, { cause });
    }
  }
}

/** Whether an archive holds the record with that hash as its last one, and so all that the chain has before it. */
export async function endsWith(archive: Archive, hash: string | null): Promise<boolean> {
  if (hash === null) return false;
  try {
    for await (const line of linesOf(archive.path)) {
      if (line.type === 'audit-head') return line.sequence === archive.to && line.hash === hash;
    }
  } catch {
    // damaged: it holds nothing that could be relied on
  }
  return false;
}
