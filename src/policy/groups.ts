import type { Identity } from '../identity/identity.ts';
import type { CapMap } from '../peer/whois.ts';
import { type Rule, rulesOf } from './grant.ts';
import { tailnetGroupsOf } from './tailnet-groups.ts';

/** The groups of these rules: theirs and those in their `extraClaims`, once each, in the order of the rules. */
export function groupsOf(rules: readonly Rule[]): readonly string[] {
  const groups = new Set<string>();
  for (const rule of rules) {
    for (const group of rule.groups ?? []) groups.add(group);
    const extra = rule.extraClaims;
    const claimed = extra && Object.hasOwn(extra, 'groups') ? extra['groups'] : [];
    for (const group of [claimed].flat()) {
      if (typeof group === 'string') groups.add(group);
    }
  }
  return [...groups];
}

/** All that is known of somebody: the grants' groups, then the tailnet's own. */
export function allGroupsOf({
  identity,
  capMap,
}: {
  readonly identity: Identity;
  readonly capMap: CapMap;
}): readonly string[] {
  const all = [...groupsOf(rulesOf(capMap).rules), ...(tailnetGroupsOf(identity) ?? [])];
  return [...new Set(all)];
}
