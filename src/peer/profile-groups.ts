/** More than any profile has; what is beyond is not read. */
const maxGroups = 10_000;

/**
 * `UserProfile.Groups`: groups of the tailnet policy (`group:eng`) and those that an identity provider synchronises
 * (`group:sales@example.com`, also as `sales@example.com`), as far as the control server tells our node of them.
 * Undefined where it tells of none, which says nothing about the person: tailscaled knows no difference between no
 * group and none that is told. Groups only ever give, and the field may yet change; so what can't be read is left
 * out, and locks nobody out of apps that need no groups.
 */
export function readGroups(value: unknown, spell = spelled): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const names = value.slice(0, maxGroups).filter(isName).map(spell);
  return names.length > 0 ? [...new Set(names)] : undefined;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && /^[^\p{C}]{1,1024}$/u.test(value) && value !== 'group:';
}

/** A bare word could pass for a group that a grant gives. */
function spelled(name: string): string {
  return name.startsWith('group:') || name.includes('@') ? name : `group:${name}`;
}

/** The node attribute that has the control server tell our node of people's groups. */
export const visibleGroupsAttribute = 'tailscale.com/visible-groups';

/**
 * Which groups our node is told of: names, or `*` for all; undefined where the policy gives it no such attribute.
 * @param attributes `Self.CapMap` of status
 */
export function readVisibleGroups(
  attributes: Readonly<Record<string, unknown>>,
): readonly string[] | undefined {
  if (!Object.hasOwn(attributes, visibleGroupsAttribute)) return undefined;
  const values: readonly unknown[] = [attributes[visibleGroupsAttribute] ?? []].flat();
  return values.flatMap((value) => readGroups(Object(value).groups, (name) => name) ?? []);
}
