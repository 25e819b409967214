import type { ChainProblem } from '../audit/chain/chain.ts';
import { type AuditVerification, verifyAudit } from '../audit/verify.ts';
import { loadConfigWith } from '../config/config.ts';
import { configFlags } from '../config/config-flags.ts';
import { databasePath } from '../store/sqlite/open.ts';
import { defineCommand } from './command.ts';
import { printable, printJson } from './print.ts';

const shownProblems = 20;

export const auditVerify = defineCommand({
  name: 'audit verify',
  usage: '[--json]',
  summary:
    'check that no record of the audit log was changed, removed or moved, also while the daemon runs; exits with 1 if one was',
  positionals: 0,
  flags: { ...configFlags, json: { type: 'boolean', help: 'print JSON' } },
  async act(flags, io) {
    const { stateDirectory } = loadConfigWith(flags, io.env);
    const found = await verifyAudit(databasePath(stateDirectory));
    const sound = found.problems.length === 0;
    if (flags.switches.has('json')) io.out(printJson({ ...found, sound }));
    else if (sound) io.out(describe(found));
    else {
      io.out(found.problems.slice(0, shownProblems).map(problemLine).join(''));
      const more = found.problems.length - shownProblems;
      if (more > 0) io.out(`and ${more} more\n`);
    }
    return sound ? 0 : 1;
  },
});

const problemLine = ({ from, to, what }: ChainProblem): string =>
  `${printable(`record${from === to ? '' : 's'} ${from}${from === to ? '' : ` to ${to}`}: ${what}`)}\n`;

const describe = (found: AuditVerification): string => {
  const { records, unchained, removedTo, signedTo, last, archives, writer } = found;
  const lines = [`sound: ${records} records up to ${last}, chain ${writer}`];
  if (unchained > 0) {
    lines.push(`${unchained} of them are older than the chain: only that none is missing is known`);
  }
  lines.push(
    signedTo === undefined
      ? 'nothing is signed yet'
      : `signed up to record ${signedTo.record} at ${new Date(signedTo.at * 1000).toISOString().slice(0, 19)}Z; ${last - signedTo.record} follow`,
  );
  if (removedTo > 0) {
    lines.push(
      `records up to ${removedTo} were rotated away; archives that are here and fit: ${archives.length}`,
    );
  }
  return lines.map((line) => `${line}\n`).join('');
};
