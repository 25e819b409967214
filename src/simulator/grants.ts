import { addressRange } from './address.ts';
import { isProvisioned, type Policy, type PolicyGrant } from './policy-file.ts';
import type { Tailnet, TailnetNode } from './tailnet.ts';

/** Application capabilities from one node to another: name → values of the matching grants, in the file's order. */
export type Capabilities = Readonly<Record<string, readonly unknown[] | null>>;

/**
 * Why a grant gives its capabilities or not. `posture`: its `srcPosture` needs the device's state, which no file
 * knows: undecidable, so never given. `provisioned`: its source is a group that an identity provider synchronises, and
 * the tailnet file does not say who is in it: undecidable as well. `via`: it is about routing through another node,
 * never about this one.
 */
export type GrantOutcome =
  | 'given'
  | 'no-app'
  | 'via'
  | 'source'
  | 'destination'
  | 'provisioned'
  | 'posture';

type Names = Pick<Tailnet, 'users'>;

/** How each grant of the policy, by its place in the list, stands to a connection from `src` to `dst`. */
export function grantOutcomes(
  policy: Policy,
  tailnet: Names,
  src: TailnetNode,
  dst: TailnetNode,
): readonly GrantOutcome[] {
  return policy.grants.map((grant) => outcome(grant, policy, tailnet, src, dst));
}

/** What tailscaled on `dst` says `src` may do there, by the policy's `grants` alone (`acls` carry no capabilities). */
export function capabilities(
  policy: Policy,
  tailnet: Names,
  src: TailnetNode,
  dst: TailnetNode,
): Capabilities {
  const found = new Map<string, readonly unknown[] | null>();
  for (const grant of policy.grants) {
    if (outcome(grant, policy, tailnet, src, dst) !== 'given') continue;
    for (const [name, values] of Object.entries(grant.app ?? {})) {
      const before = found.get(name);
      found.set(name, before && values ? [...before, ...values] : (values ?? before ?? null));
    }
  }
  return Object.fromEntries(found);
}

function outcome(
  grant: PolicyGrant,
  policy: Policy,
  tailnet: Names,
  src: TailnetNode,
  dst: TailnetNode,
): GrantOutcome {
  if (grant.app === undefined) return 'no-app';
  if (grant.via && grant.via.length > 0) return 'via';
  const from = grant.src.some((selector) => selects(selector, src, policy, tailnet));
  const maybe = grant.src.some((selector) => mayBeIn(selector, src, policy, tailnet));
  if (!from && !maybe) return 'source';
  const to = (selector: string) =>
    selector === 'autogroup:self' ? sameOwner(src, dst) : selects(selector, dst, policy, tailnet);
  if (!grant.dst.some(to)) return 'destination';
  if (!from) return 'provisioned';
  return grant.srcPosture && grant.srcPosture.length > 0 ? 'posture' : 'given';
}

/** `autogroup:self`: a person's own devices; tagged nodes belong to nobody. */
function sameOwner(src: TailnetNode, dst: TailnetNode): boolean {
  return src.user !== undefined && src.user === dst.user && !src.sharee && !dst.sharee;
}

/** Is the node meant by a selector of the policy (`src`, `dst`, `target`)? */
export function selects(
  selector: string,
  node: TailnetNode,
  policy: Policy,
  tailnet: Names,
): boolean {
  if (selector === '*') return true;
  const [kind = '', name = ''] = selector.split(/:(.*)/s, 2);
  switch (kind) {
    case 'autogroup':
      return inAutogroup(name, node, tailnet);
    case 'tag':
      return node.tags.includes(selector);
    case 'group':
      return inGroup(selector, node, policy, tailnet);
    case 'ipset':
      return inAddresses(node, (address) => inIpset(selector, address, policy, new Set()));
    case 'user':
      return name.startsWith('*@') && !node.sharee && (node.user ?? '').endsWith(name.slice(1));
    default:
      return isUser(selector, node) || inAddresses(node, range(selector, policy));
  }
}

function inGroup(selector: string, node: TailnetNode, policy: Policy, tailnet: Names): boolean {
  if (isProvisioned(selector)) {
    const groups = provisionedOf(node, tailnet) ?? [];
    return groups.includes(selector) || groups.includes(selector.replace(/^group:/u, ''));
  }
  return (policy.groups[selector] ?? []).some(
    (member) =>
      isUser(member, node) || (isProvisioned(member) && inGroup(member, node, policy, tailnet)),
  );
}

/** Undefined where no file says; nobody of another tailnet is in a group of ours. */
function provisionedOf(
  { user, sharee }: TailnetNode,
  { users }: Names,
): readonly string[] | undefined {
  if (user === undefined || sharee) return [];
  return users.get(user)?.groups;
}

/** Could a synchronised group, alone or in a group of the policy, have the node's owner in it, for all we know? */
function mayBeIn(selector: string, node: TailnetNode, policy: Policy, tailnet: Names): boolean {
  const members = Object.hasOwn(policy.groups, selector) ? policy.groups[selector] : [];
  const open = isProvisioned(selector) || members?.some(isProvisioned) === true;
  return open && provisionedOf(node, tailnet) === undefined;
}

/** The policy's own groups that a node's owner is in, by synchronised groups inside them as well. */
export function policyGroupsOf(
  policy: Policy,
  tailnet: Names,
  node: TailnetNode,
): readonly string[] {
  return Object.keys(policy.groups).filter((group) => inGroup(group, node, policy, tailnet));
}

function inAutogroup(name: string, node: TailnetNode, tailnet: Names): boolean {
  switch (name) {
    case 'tagged':
      return node.tags.length > 0;
    case 'shared':
      return node.sharee;
    case 'danger-all':
      return true;
    case 'member':
      return node.user !== undefined && !node.sharee;
    default: {
      const role = node.user === undefined ? undefined : tailnet.users.get(node.user)?.role;
      // the owner has every right of an admin
      return !node.sharee && (role === name || (role === 'owner' && name === 'admin'));
    }
  }
}

/** Headscale writes a login that lacks an `@` as `carol@` in its policies. */
function isUser(selector: string, node: TailnetNode): boolean {
  return node.user !== undefined && (selector === node.user || selector === `${node.user}@`);
}

function inAddresses(node: TailnetNode, test: (address: string) => boolean): boolean {
  return node.addresses.some(test);
}

function range(selector: string, policy: Policy): (address: string) => boolean {
  const alias = Object.hasOwn(policy.hosts, selector) ? policy.hosts[selector] : undefined;
  return addressRange(alias ?? selector) ?? (() => false);
}

/** `add` and `remove` entries in order; an entry without a verb adds. A set that contains itself adds nothing. */
function inIpset(name: string, address: string, policy: Policy, within: Set<string>): boolean {
  if (within.has(name)) return false;
  const inside = new Set([...within, name]);
  let member = false;
  for (const entry of policy.ipsets[name] ?? []) {
    const [, verb, target = ''] = /^(?:(add|remove)\s+)?(?:host:)?(\S+)$/.exec(entry.trim()) ?? [];
    const hit = target.startsWith('ipset:')
      ? inIpset(target, address, policy, inside)
      : range(target, policy)(address);
    if (hit) member = verb !== 'remove';
  }
  return member;
}
