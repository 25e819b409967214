import type { AuditRecord } from '../store/store.ts';
import type { SignedHead } from './chain/heads.ts';
import { type AuditRow, fromRow, toRow } from './chain/row.ts';

/**
 * The lines of JSON, each without its line feed, in archives, at collectors and of `tsidp audit --json`. `type` says
 * what a line is: `audit`, a record; `audit-head`, a signature; `audit-segment`, how an archive begins.
 */
export function auditLine(row: AuditRow, writer: string): string {
  const { id, at, event, ...members } = fromRow(row);
  const line = { type: 'audit', time: timeOf(at), id, at, event, ...members };
  return JSON.stringify({ ...line, writer, hash: row.hash });
}

export function headLine(head: SignedHead): string {
  return JSON.stringify({ type: 'audit-head', time: timeOf(head.at), ...head });
}

/** What is in front of an archive's records: with it the first one can be verified without the file before. */
export interface Segment {
  readonly writer: string;
  /** ID of the record with which the chain begins. */
  readonly first: number;
  /** ID of the segment's first record. */
  readonly from: number;
  /** Hash of the record before that; null: it has none. */
  readonly previous: string | null;
}

export function segmentLine(segment: Segment): string {
  return JSON.stringify({ type: 'audit-segment', ...segment });
}

export type AuditLine =
  | { readonly type: 'audit'; readonly row: AuditRow; readonly writer: string }
  | ({ readonly type: 'audit-head' } & SignedHead)
  | ({ readonly type: 'audit-segment' } & Segment);

/**
 * Reads such a line back, a record exactly as it was stored.
 * @throws Error when it is no such line
 */
export function readAuditLine(line: string): AuditLine {
  const read = JSON.parse(line) as { type: unknown; [member: string]: unknown };
  const hasHash = typeof read['hash'] === 'string' || read['hash'] === null;
  switch (read.type) {
    case 'audit-head':
    case 'audit-segment':
      return read as unknown as AuditLine;
    case 'audit': {
      const { id, at, event, writer, hash } = read;
      const isRecord = Number.isSafeInteger(id) && Number.isSafeInteger(at) && hasHash;
      if (!isRecord || typeof event !== 'string' || typeof writer !== 'string') break;
      const row = toRow(id as number, read as unknown as AuditRecord);
      return { type: 'audit', row: { ...row, hash: hash as string | null }, writer };
    }
  }
  throw new Error('not a line of an audit log');
}

function timeOf(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}
