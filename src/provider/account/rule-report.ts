import { LRUCache } from 'lru-cache';
import type { Rules } from '../../policy/grant.ts';

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
