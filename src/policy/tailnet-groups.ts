import type { Identity } from '../identity/identity.ts';
import { WantedTexts } from './pattern.ts';

/**
 * Groups of the tailnet policy and of the identity provider behind it, beside those that grants give. Their names
 * begin with `group:` or hold an `@`; one that an identity provider synchronises has two spellings.
 */

/** How many of them one app is told, and how many bytes of names: a header with the token must pass proxies. */
export const maxToldGroups = 200;
const maxToldBytes = 4096;

/** Those of a person; undefined where this server is told of none. Machines have none. */
export function tailnetGroupsOf(identity: Identity): readonly string[] | undefined {
  return identity.kind === 'user' ? identity.groups : undefined;
}

/** Could the name mean a group of the tailnet at all? */
export function isTailnetGroupName(name: string): boolean {
  return name.startsWith('group:') || name.includes('@');
}

/** Both spellings of a synchronised group: `group:sales@example.com`, `sales@example.com`. */
export function spellingsOf(name: string): readonly string[] {
  if (!name.includes('@')) return [name];
  return [name, name.startsWith('group:') ? bareName(name) : `group:${name}`];
}

/** Is the person in the group, whichever of its spellings tailscaled and the configuration have? */
export function inTailnetGroup(groups: readonly string[] | undefined, wanted: string): boolean {
  return groups !== undefined && spellingsOf(wanted).some((name) => groups.includes(name));
}

/** `group:eng` → `eng` */
export function bareName(name: string): string {
  return name.replace(/^group:/u, '');
}

export interface ToldGroups {
  readonly groups: readonly string[];
  /** How many an app would have been told, were they not too many: so it is told none of them. */
  readonly tooMany?: number;
}

/**
 * The groups that an app is told.
 * @param claims the app's: `tailnetGroups` are the names that it may be told, in either spelling, `*` for any
 * characters; undefined: all
 */
export function toldGroups(
  groups: readonly string[] | undefined,
  claims: { readonly tailnetGroups?: readonly string[] | undefined } | undefined,
): ToldGroups {
  const patterns = claims?.tailnetGroups ?? ['*'];
  if (!groups || patterns.length === 0) return { groups: [] };
  const chosen = onePerGroup(chosenBy(patterns, groups));
  // a part of them would be another part tomorrow, by groups that have nothing to do with the app
  const bytes = chosen.reduce((sum, name) => sum + Buffer.byteLength(name), 0);
  const fits = chosen.length <= maxToldGroups && bytes <= maxToldBytes;
  return fits ? { groups: chosen } : { groups: [], tooMany: chosen.length };
}

function chosenBy(patterns: readonly string[], groups: readonly string[]): readonly string[] {
  if (patterns.includes('*')) return groups;
  const wanted = new WantedTexts<true>(new Set(groups.flatMap(spellingsOf)), patterns.length);
  for (const pattern of patterns) wanted.give(pattern, true);
  return groups.filter((name) => spellingsOf(name).some((spelling) => wanted.find(spelling)));
}

/** Of two spellings of one group the first. */
function onePerGroup(groups: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  return groups.filter((name) => {
    const bare = bareName(name);
    if (seen.has(bare)) return false;
    seen.add(bare);
    return true;
  });
}
