import { LRUCache } from 'lru-cache';
import type { Rules } from '../policy/grant.ts';

/** Remembered so that a daemon that runs for years stays small; beyond, something is logged again. */
const maxRemembered = 10_000;
/** Of one person; a policy with more mistakes than these has one cause. */
const maxProblems = 20;

export interface ReportLog {
  warn(members: Readonly<Record<string, unknown>>, message: string): void;
}

/** Logs malformed rules, once for each person or machine and message: they are looked at with every login. */
export function createRuleReport(log: ReportLog): (subject: string, rules: Rules) => void {
  const told = new LRUCache<string, true>({ max: maxRemembered });
  return (subject, { problems }) => {
    for (const { index, message } of problems.slice(0, maxProblems)) {
      const key = `${subject} ${index} ${message}`;
      if (told.has(key)) continue;
      told.set(key, true);
      log.warn({ subject, rule: index }, `a rule of the tailnet policy is ignored: ${message}`);
    }
  };
}

/** Logs, once for each person and app, that there are too many groups for a token. */
export function createGroupReport(
  log: ReportLog,
): (subject: string, clientId: string, count: number) => void {
  const told = new LRUCache<string, true>({ max: maxRemembered });
  return (subject, client, count) => {
    const key = `${subject} ${client}`;
    if (told.has(key)) return;
    told.set(key, true);
    log.warn(
      { subject, client, groups: count },
      'too many groups of the tailnet for a token, so this app is told of none of them: name those that it needs in the claims.tailnetGroups of the client',
    );
  };
}
