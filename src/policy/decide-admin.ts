import type { Identity } from '../identity/identity.ts';
import { type Decision, denied } from './decision.ts';
import type { Rules } from './grant.ts';
import { Trace } from './trace.ts';

export interface AdminQuestion {
  readonly identity: Identity;
  readonly rules: Rules;
}

/** May this peer administer this server? A member of another tailnet never, however wide a grant is. */
export function decideAdmin({ identity, rules }: AdminQuestion): Decision {
  const trace = new Trace(rules);
  if (identity.kind === 'user' && identity.foreign) {
    trace.conclude({ field: 'sharedIn', outcome: 'members of other tailnets never administer' });
    const reason = 'members of other tailnets may not administer this server';
    return denied([{ reason }], trace.lines());
  }
  const rule = rules.rules.find(({ allow_admin_ui }) => allow_admin_ui);
  if (rule) {
    trace.conclude({ rule: rule.index, field: 'allow_admin_ui', outcome: 'may administer' });
    return { allowed: true, trace: trace.lines() };
  }
  trace.conclude({ field: 'allow_admin_ui', outcome: 'no rule lets this peer administer' });
  const reason = 'no grant of the tailnet policy lets you administer this server (allow_admin_ui)';
  return denied([{ reason, rule: { allow_admin_ui: true } }], trace.lines());
}
