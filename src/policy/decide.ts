import type { Identity } from '../identity/identity.ts';
import type { Rules } from './grant.ts';

export type AccessMode = 'open' | 'granted';

/** One step of a decision: which rule, which field, with what outcome. Page, audit and log print the same. */
export interface TraceLine {
  /** Place of the rule in the capability's list; undefined for what no rule says. */
  readonly rule?: number;
  readonly field: string;
  readonly outcome: string;
}

export type Decision =
  | { readonly allowed: true; readonly trace: readonly TraceLine[] }
  | {
      readonly allowed: false;
      /** One sentence for the person and the app. */
      readonly reason: string;
      readonly trace: readonly TraceLine[];
    };

export interface EnterQuestion {
  readonly identity: Identity;
  readonly rules: Rules;
  readonly clientId: string;
  readonly clientName: string;
  readonly access: AccessMode;
}

/** May this identity enter this app? Pure: identity, request and rules in, decision and its trace out. */
export function decideEnter(question: EnterQuestion): Decision {
  const { identity, rules } = question;
  const trace: TraceLine[] = rules.problems.map(({ index, message }) => ({
    rule: index,
    field: 'rule',
    outcome: `ignored, malformed: ${message}`,
  }));
  if (identity.kind === 'machine' && !machineMayLogIn(question, trace)) {
    return {
      allowed: false,
      reason: `this device is a machine (${identity.tags.join(', ')}), not a person, and no grant of the tailnet policy lets it log in to apps (machine_login)`,
      trace,
    };
  }
  if (question.access === 'open') {
    trace.push({ field: 'access', outcome: 'open: every member may enter every app' });
    return { allowed: true, trace };
  }
  for (const { clients, index } of rules.rules) {
    if (!clients) continue;
    if (
      clients.some(
        (name) => name === '*' || name === question.clientId || name === question.clientName,
      )
    ) {
      trace.push({ rule: index, field: 'clients', outcome: 'allows this app' });
      return { allowed: true, trace };
    }
    trace.push({ rule: index, field: 'clients', outcome: 'names other apps' });
  }
  trace.push({ field: 'access', outcome: 'granted: no rule names this app' });
  return {
    allowed: false,
    reason: `no grant of the tailnet policy lets you enter ${question.clientName}`,
    trace,
  };
}

function machineMayLogIn({ rules }: EnterQuestion, trace: TraceLine[]): boolean {
  const rule = rules.rules.find(({ machine_login }) => machine_login);
  trace.push(
    rule
      ? { rule: rule.index, field: 'machine_login', outcome: 'lets this machine log in as itself' }
      : { field: 'machine_login', outcome: 'no rule lets this machine log in' },
  );
  return rule !== undefined;
}
