import type { ResourceDirectory } from '../access/resources.ts';
import { type Rule, rulesOf } from '../policy/grant.ts';
import { WantedTexts } from '../policy/pattern.ts';
import { canonicalResource } from '../protocol/resource.ts';
import { spelledLike } from '../schema/nearest.ts';
import { type Finding, warning } from './finding.ts';
import { Groups } from './groups.ts';
import type { AskedPeer } from './rules.ts';

interface Mistake {
  readonly says: string;
  /** Where in the rule, one text each. */
  readonly find: (rule: Rule, resources: ResourceDirectory) => readonly string[];
  /** Of these alone. */
  readonly of?: 'user' | 'machine';
}

const mistakes: readonly Mistake[] = [
  { says: 'a rule names a resource that is not declared', find: misspelledIn },
  { says: 'a rule gives a scope that the resource does not know', find: unknownScopesIn },
  { says: 'a rule does nothing', find: halvesIn },
  {
    says: '"serves" means machines, and does nothing for people',
    find: ({ index, serves = [] }) => (serves.length > 0 ? [`rule ${index}`] : []),
    of: 'user',
  },
  {
    says: '"users" with "*" beside "resources" with "*": this machine may act for everybody everywhere',
    find: ({ index, users = [], resources = [] }) =>
      users.includes('*') && resources.includes('*') ? [`rule ${index}`] : [],
    of: 'machine',
  },
];

/** What in the rules about resources does not do what it says. */
export function resourceRuleFindings({
  resources,
  peers,
}: {
  readonly resources: ResourceDirectory;
  readonly peers: readonly AskedPeer[];
}): Finding[] {
  const remedy = 'correct it in the tailnet policy; docs/policy.md describes every field';
  return mistakes.flatMap((mistake) =>
    whoMakes(mistake, resources, peers).findings((text) =>
      warning('resources', `${mistake.says}: ${text}`, remedy),
    ),
  );
}

function whoMakes(
  { find, of }: Mistake,
  resources: ResourceDirectory,
  peers: readonly AskedPeer[],
): Groups {
  const found = new Groups();
  // most devices have the same rules
  const looked = new Map<string, readonly string[]>();
  for (const { who, identified } of peers) {
    if (!identified.ok || (of && identified.identity.kind !== of)) continue;
    for (const rule of rulesOf(identified.capMap).rules) {
      const key = JSON.stringify(rule);
      const texts = looked.get(key) ?? find(rule, resources);
      looked.set(key, texts);
      for (const text of texts) found.add(text, who);
    }
  }
  return found;
}

function halvesIn({ index, users = [], resources = [], may_act_for = [] }: Rule): string[] {
  if (users.length > 0 && resources.length === 0) {
    return [`rule ${index} has "users" without "resources"`];
  }
  return resources.length > 0 && users.length === 0 && may_act_for.length === 0
    ? [`rule ${index} has "resources" without "users" or "may_act_for"`]
    : [];
}

/** Resources that only the policy names are fine; one that is spelled nearly like a declared one is probably that. */
function misspelledIn(rule: Rule, { all, find }: ResourceDirectory): readonly string[] {
  const { index, scopes = [], resources = [], serves = [] } = rule;
  const inScopes = scopes.flatMap((entry) => (typeof entry === 'string' ? [] : [entry.resource]));
  const declared = all.map(({ uri }) => uri);
  return [...new Set([...inScopes, ...resources, ...serves])].flatMap((uri) => {
    if (uri === '*' || find(uri)) return [];
    const meant = spelledLike(canonicalResource(uri), declared);
    return meant === undefined ? [] : [`rule ${index}: ${uri}; did you mean ${meant}?`];
  });
}

function unknownScopesIn({ index, scopes = [] }: Rule, { find }: ResourceDirectory): string[] {
  return scopes.flatMap((entry) => {
    if (typeof entry === 'string') return [];
    const known = find(entry.resource)?.scopes;
    if (!known) return [];
    const unknown = entry.scopes.filter((pattern) => !givesAny(pattern, known));
    return unknown.map((pattern) => {
      const meant = spelledLike(pattern, [...known.keys()]);
      const guess = meant === undefined ? '' : `; did you mean ${meant}?`;
      return `rule ${index}: ${pattern} at ${entry.resource}${guess}`;
    });
  });
}

function givesAny(pattern: string, known: ReadonlyMap<string, string>): boolean {
  const wanted = new WantedTexts<true>(new Set(known.keys()), 1);
  wanted.give(pattern, true);
  return [...known.keys()].some((scope) => wanted.find(scope));
}
