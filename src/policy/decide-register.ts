import type { Identity } from '../identity/identity.ts';
import { type Decision, denied } from './decision.ts';
import type { Rules } from './grant.ts';
import { Trace } from './trace.ts';

/**
 * Who may register clients. `granted`: whoever has `allow_dcr`; `tailnet`: every member too; `public`: anybody who
 * reaches the endpoint.
 */
export type RegistrationMode = 'off' | 'granted' | 'tailnet' | 'public';

export interface RegisterQuestion {
  /** Undefined where the connection says nothing of who it is (Funnel). */
  readonly identity: Identity | undefined;
  readonly rules: Rules;
  readonly mode: RegistrationMode;
}

/** May this peer register a client (RFC 7591)? */
export function decideRegister({ identity, rules, mode }: RegisterQuestion): Decision {
  const trace = new Trace(rules);
  if (mode === 'off') {
    trace.conclude({ field: 'registration', outcome: 'off' });
    return denied([{ reason: 'clients may not register themselves here' }], trace.lines());
  }
  if (mode === 'public') {
    trace.conclude({ field: 'registration', outcome: 'public: everybody may register clients' });
    return { allowed: true, trace: trace.lines() };
  }
  if (!identity) {
    trace.conclude({ field: 'registration', outcome: `${mode}: the caller is not known` });
    const reason = 'clients may register themselves only from inside the tailnet';
    return denied([{ reason }], trace.lines());
  }
  if (mode === 'tailnet' && isMember(identity)) {
    trace.conclude({
      field: 'registration',
      outcome: 'tailnet: every member may register clients',
    });
    return { allowed: true, trace: trace.lines() };
  }
  const rule = rules.rules.find(({ allow_dcr }) => allow_dcr);
  if (rule) {
    trace.conclude({ rule: rule.index, field: 'allow_dcr', outcome: 'may register clients' });
    return { allowed: true, trace: trace.lines() };
  }
  trace.conclude({ field: 'allow_dcr', outcome: 'no rule lets this peer register clients' });
  const reason = 'no grant of the tailnet policy lets you register clients (allow_dcr)';
  return denied([{ reason, rule: { allow_dcr: true } }], trace.lines());
}

function isMember(identity: Identity): boolean {
  return identity.kind === 'machine' || !identity.foreign;
}
