import type { Identity } from '../identity/identity.ts';
import type { CapMap } from '../peer/whois.ts';
import { type Decision, denied, type Lack } from './decision.ts';
import type { Rule, Rules } from './grant.ts';
import { type Requirement, unmetRequirements } from './requirement.ts';
import { Trace } from './trace.ts';

export type AccessMode = 'open' | 'granted';

export interface EnterQuestion {
  readonly identity: Identity;
  readonly rules: Rules;
  readonly clientId: string;
  readonly clientName: string;
  /**
   * The operator gave the client its name, so a rule may mean it by that. A client that registered itself could take
   * any name. Default true.
   */
  readonly clientNameTrusted?: boolean | undefined;
  readonly access: AccessMode;
  /** What the client's configuration asks for beyond the rules. */
  readonly requires?: Requirement | undefined;
  /** Of the same answer as `rules`; only `requires.capability` reads it. */
  readonly capMap?: CapMap | null | undefined;
}

/** May this identity enter this app? Pure: identity, request and rules in, decision and its trace out. */
export function decideEnter(question: EnterQuestion): Decision {
  const { identity, rules, requires, capMap } = question;
  const trace = new Trace(rules);
  const lacks = [
    ...(identity.kind === 'machine' ? machineLacks(question, identity.tags, trace) : []),
    ...accessLacks(question, trace),
    ...unmetRequirements({ requirement: requires, identity, rules, capMap }, trace),
  ];
  const [first, ...others] = lacks;
  return first
    ? denied([first, ...others], trace.lines())
    : { allowed: true, trace: trace.lines() };
}

function machineLacks(question: EnterQuestion, tags: readonly string[], trace: Trace): Lack[] {
  let elsewhere = false;
  for (const rule of question.rules.rules) {
    if (!rule.machine_login) continue;
    if (!rule.clients || names(rule.clients, question)) {
      const outcome = 'lets this machine log in as itself';
      trace.conclude({ rule: rule.index, field: 'machine_login', outcome });
      return [];
    }
    elsewhere = true;
    trace.note({ rule: rule.index, field: 'machine_login', outcome: 'names other apps' });
  }
  const what = elsewhere ? 'this app' : 'apps';
  trace.conclude({
    field: 'machine_login',
    outcome: `no rule lets this machine log in to ${what}`,
  });
  const reason = `this device is a machine (${tags.join(', ')}), not a person, and no grant of the tailnet policy lets it log in to ${what} (machine_login)`;
  return [{ reason, rule: { machine_login: true, clients: [question.clientId] } }];
}

function accessLacks(question: EnterQuestion, trace: Trace): Lack[] {
  if (question.access === 'open') {
    trace.conclude({ field: 'access', outcome: 'open: every member may enter every app' });
    return [];
  }
  for (const { clients, index } of question.rules.rules) {
    if (!clients) continue;
    if (names(clients, question)) {
      trace.conclude({ rule: index, field: 'clients', outcome: 'allows this app' });
      return [];
    }
    trace.note({ rule: index, field: 'clients', outcome: 'names other apps' });
  }
  trace.conclude({ field: 'access', outcome: 'granted: no rule names this app' });
  // a name that the client gave itself could say anything
  const { clientId } = question;
  const shown = question.clientNameTrusted === false ? clientId : question.clientName;
  const reason = `no grant of the tailnet policy lets you enter ${shown}`;
  return [{ reason, rule: { clients: [clientId] } }];
}

function names(
  clients: NonNullable<Rule['clients']>,
  { clientId, clientName, clientNameTrusted = true }: EnterQuestion,
): boolean {
  return clients.some(
    (name) => name === '*' || name === clientId || (clientNameTrusted && name === clientName),
  );
}
