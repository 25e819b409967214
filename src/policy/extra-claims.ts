import type { Rule } from './grant.ts';
import { isProtectedClaim } from './protected-claims.ts';

export interface ExtraClaims {
  readonly idToken: Readonly<Record<string, unknown>>;
  /** Only from rules with `includeInUserInfo`. */
  readonly userinfo: Readonly<Record<string, unknown>>;
  /** From the rules' `groups`: merged, without duplicates, in the order of the rules. */
  readonly groups: readonly string[];
}

const verifiedClaim = 'email_verified';

/**
 * Does the policy vouch for the address of its peer, as tsidp's lets it? Of rules that differ, false stands. Undefined
 * where none says `true` or `false`.
 */
export function emailVerifiedBy(rules: readonly Rule[]): boolean | undefined {
  const said = rules.map(({ extraClaims = {} }) => extraClaims[verifiedClaim]);
  if (said.includes(false)) return false;
  return said.includes(true) ? true : undefined;
}

/** What the rules add to the tokens of their peer. JSON values pass through unchanged. */
export function extraClaimsOf(rules: readonly Rule[]): ExtraClaims {
  return {
    idToken: mergeClaims(rules),
    userinfo: mergeClaims(rules.filter((rule) => rule.includeInUserInfo)),
    groups: [...new Set(rules.flatMap((rule) => rule.groups ?? []))],
  };
}

/**
 * Lists of several rules become one list without duplicates. Of different single values the first in the order of
 * their JSON text stands: the order of the rules must not decide, and tsidp takes any of them.
 */
function mergeClaims(rules: readonly Rule[]): Record<string, unknown> {
  const claims = new Map<string, unknown>();
  for (const { extraClaims = {} } of rules) {
    for (const [name, value] of Object.entries(extraClaims)) {
      if (isProtectedClaim(name) || name === verifiedClaim) continue;
      claims.set(name, claims.has(name) ? merge(claims.get(name), value) : value);
    }
  }
  return Object.fromEntries(claims);
}

function merge(first: unknown, second: unknown): unknown {
  if (!Array.isArray(first) && !Array.isArray(second)) {
    return textOf(second) < textOf(first) ? second : first;
  }
  const seen = new Map<string, unknown>();
  for (const value of [asList(first), asList(second)].flat(1)) {
    const key = textOf(value);
    if (!seen.has(key)) seen.set(key, value);
  }
  return [...seen.values()];
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

function textOf(value: unknown): string {
  return JSON.stringify(value) ?? 'undefined';
}

/** Names in the rules' `extraClaims` that were ignored because they are protected, or are not what they must be. */
export function protectedNames(rules: readonly Rule[]): readonly string[] {
  const claims = rules.flatMap(({ extraClaims = {} }) => Object.entries(extraClaims));
  const ignored = claims.filter(
    ([name, value]) =>
      isProtectedClaim(name) || (name === verifiedClaim && typeof value !== 'boolean'),
  );
  return [...new Set(ignored.map(([name]) => name))];
}
