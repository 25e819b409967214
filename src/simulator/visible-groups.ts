import { nodeAttributes } from './attributes.ts';
import { policyGroupsOf } from './grants.ts';
import type { Tailnet, TailnetNode } from './tailnet.ts';

/** The node attribute that has the control server tell a node of people's groups. */
const attribute = 'tailscale.com/visible-groups';

/** The first tailscaled that passes them on. */
const firstVersion = [1, 97, 8];

/**
 * `UserProfile.Groups` of a node's owner, as tailscaled on `self` answers: sorted, and not there at all where there
 * is none to tell of.
 */
export function visibleGroups(
  tailnet: Tailnet,
  self: TailnetNode,
  node: TailnetNode,
): { readonly Groups?: readonly string[] } {
  const { user, sharee } = node;
  if (user === undefined || sharee || !passesOn(tailnet.status.version)) return {};
  const visible = visibleNames(tailnet, self);
  const provisioned = tailnet.users.get(user)?.groups ?? [];
  const all = new Set([...policyGroupsOf(tailnet.policy, tailnet, node), ...provisioned]);
  const groups = [...all]
    .filter((group) => ['*', group, `group:${group}`].some((name) => visible.has(name)))
    .sort();
  return groups.length > 0 ? { Groups: groups } : {};
}

function visibleNames(tailnet: Tailnet, self: TailnetNode): ReadonlySet<unknown> {
  const values = nodeAttributes(tailnet, self)[attribute];
  const lists = Array.isArray(values) ? values : [];
  return new Set(lists.flatMap((value: { groups?: unknown }) => value?.groups ?? []));
}

function passesOn(version: string): boolean {
  const numbers = version.split(/[.-]/u).map(Number);
  for (const [place, first] of firstVersion.entries()) {
    const number = numbers[place] ?? 0;
    if (number !== first) return number > first;
  }
  return true;
}
