import { accessSync, constants, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { checkNewestHead } from '../audit/newest.ts';
import type { Config } from '../config/config.ts';
import { readFailure } from '../config/cross-check.ts';
import { StoreError } from '../store/store.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

const verify = 'run "tsidp audit verify", which tells every record; docs/audit.md';

/** Is the newest signed record of the audit log the one that was signed? @param path of the database, which exists */
export async function auditFindings(path: string): Promise<Finding[]> {
  try {
    const head = await checkNewestHead(path);
    if (!head) return [ok('audit', 'nothing is signed yet')];
    const { record, at, following, problem: what } = head;
    if (what !== undefined) return [problem('audit', `record ${record}: ${what}`, verify)];
    const when = `${new Date(at * 1000).toISOString().slice(0, 19)}Z`;
    return [
      ok(
        'audit',
        `record ${record} is as it was signed at ${when}, ${following} follow; "tsidp audit verify" looks at all`,
      ),
    ];
  } catch (error) {
    const text = `the audit log can't be read: ${error instanceof Error ? error.message : String(error)}`;
    // the daemon brings an older database forward
    const remedy = error instanceof StoreError ? 'start this release once' : verify;
    return [
      error instanceof StoreError ? warning('audit', text, remedy) : problem('audit', text, remedy),
    ];
  }
}

/** Can the file be appended to, or made? As the user that runs this. */
export function sinkFindings({ sink }: Config['audit']): Finding[] {
  if (typeof sink === 'string') return [];
  const { file } = sink;
  let exists: Stats | undefined;
  try {
    exists = statSync(file, { throwIfNoEntry: false });
    if (exists?.isDirectory()) throw new Error('it is a directory');
    accessSync(exists ? file : dirname(file), constants.W_OK);
    return [ok('audit', `records go to ${file}, too`)];
  } catch (error) {
    const missing = exists ? '' : ', and cannot be made';
    return [
      problem(
        'audit',
        `${file} can't be written${missing}: ${readFailure(error)}; records wait in the database`,
        'let the user that runs tsidp write it (audit.sink); run this as that user',
      ),
    ];
  }
}
