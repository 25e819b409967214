import { errors } from 'oidc-provider';
import type { Decision, TraceLine } from '../policy/decide.ts';
import { oauthText } from './errors.ts';

/** An `access_denied` that keeps the decision's trace for page, audit and log. */
export class PolicyDenied extends errors.AccessDenied {
  readonly trace: readonly TraceLine[];

  constructor(decision: Extract<Decision, { allowed: false }>) {
    super(oauthText(decision.reason));
    this.trace = decision.trace;
  }
}

export function accessDenied(decision: Extract<Decision, { allowed: false }>): PolicyDenied {
  return new PolicyDenied(decision);
}
