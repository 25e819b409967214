import type { Identified } from '../identity/identity.ts';
import { type CapabilityScopes, scopesOfCapabilities } from '../policy/capability-scopes.ts';
import { protectedNames } from '../policy/extra-claims.ts';
import { capability, rulesOf } from '../policy/grant.ts';
import { type Finding, ok, problem, warning } from './finding.ts';
import { Groups, listed } from './groups.ts';

/** A device of the tailnet and what whois answered about it. */
export interface AskedPeer {
  /** Login, or the tags of a machine. */
  readonly who: string;
  readonly identified: Identified;
}

export interface RuleQuestion {
  readonly peers: readonly AskedPeer[];
  /** Devices that were not asked about, as there are so many. */
  readonly left: number;
  /** Is there an app that only grants open? */
  readonly needsGrants: boolean;
  readonly capabilityScopes: readonly CapabilityScopes[];
}

const policyRemedy = 'correct it in the tailnet policy; docs/policy.md describes every field';

/** Whom our capability reaches us from, and what in their rules does not do what it says. */
export function ruleFindings(question: RuleQuestion): Finding[] {
  const { peers } = question;
  const malformed = new Groups();
  const unknown = new Groups();
  const protectedClaims = new Groups();
  const unmapped = new Groups();
  for (const { who, identified } of peers) {
    if (!identified.ok) continue;
    const { rules, problems, unknownFields } = rulesOf(identified.capMap);
    for (const { index, message } of problems) malformed.add(`rule ${index}: ${message}`, who);
    for (const { index, field } of unknownFields) unknown.add(`rule ${index}: "${field}"`, who);
    for (const name of protectedNames(rules)) protectedClaims.add(name, who);
    const mapped = scopesOfCapabilities(question.capabilityScopes, identified.capMap);
    for (const text of mapped.problems) unmapped.add(text, who);
  }
  return [
    reachFinding(question),
    ...malformed.findings((text) =>
      problem('rules', `a malformed rule is ignored: ${text}`, policyRemedy),
    ),
    ...unknown.findings((text) =>
      warning('rules', `an unknown field does nothing: ${text}`, policyRemedy),
    ),
    ...protectedClaims.findings((text) =>
      warning(
        'rules',
        `extraClaims can't set a claim that this server vouches for: ${text}`,
        'use "account" for username and email; remove the others',
      ),
    ),
    ...unmapped.findings((text) =>
      warning(
        'rules',
        `capabilityScopes finds no scope: ${text}`,
        'correct the pointer or the prefix in the configuration, or the value in the policy',
      ),
    ),
  ];
}

function reachFinding({ peers, left, needsGrants }: RuleQuestion): Finding {
  const reached = peers.filter(
    ({ identified }) => identified.ok && Object.hasOwn(identified.capMap, capability),
  );
  const more = left > 0 ? `; ${left} more were not asked` : '';
  const count = `${reached.length} of ${peers.length} devices${more}`;
  if (reached.length > 0) {
    return ok('rules', `${capability} reaches us from ${count}: ${someOf(reached)}`);
  }
  if (!needsGrants || peers.length === 0) {
    return ok('rules', `${capability} reaches us from ${count}; members enter without`);
  }
  return problem(
    'rules',
    `${capability} reaches us from ${count}, so nobody may enter where access is "granted"`,
    'add a grant whose "dst" is this node; grants/ has policies to start from',
  );
}

function someOf(peers: readonly AskedPeer[]): string {
  return listed([...new Set(peers.map(({ who }) => who))]);
}
