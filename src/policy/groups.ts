import type { Rule } from './grant.ts';

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
