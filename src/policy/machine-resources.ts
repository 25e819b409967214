import { canonicalResource, namesResource } from '../protocol/resource.ts';
import { grantedResources, type Party } from './decide-act.ts';
import type { Rules } from './grant.ts';

/**
 * Where a machine may get tokens for itself without being registered: the resources that its grants name, by
 * `resources` or by scopes at one. `*` names none.
 */
export function machineResources(party: Party): readonly string[] {
  const byScopes = party.rules.rules.flatMap(({ scopes = [] }) =>
    scopes.flatMap((entry) => (typeof entry === 'string' ? [] : [entry.resource])),
  );
  const named = [...grantedResources(party), ...byScopes];
  return [...new Set(named.filter((uri) => uri !== '*').map(canonicalResource))];
}

/** Is the owner of these rules the resource itself (`serves`)? */
export function servesResource({ rules }: Rules, uri: string): boolean {
  return rules.some(({ serves = [] }) => namesResource(serves, uri));
}
