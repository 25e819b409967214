import type { Rule } from './grant.ts';

/**
 * Claims that only we may set: tsidp's list, and those of the protocols that we speak. A rule that names one
 * keeps its other claims.
 */
const protectedClaims: ReadonlySet<string> = new Set([
  // tsidp
  'sub',
  'aud',
  'exp',
  'iat',
  'iss',
  'jti',
  'nbf',
  'key',
  'addresses',
  'nid',
  'node',
  'tailnet',
  'tags',
  'user',
  'uid',
  'username',
  'email',
  // OpenID Connect Core 2 and 5.6, RFC 8693 4, RFC 7800, RFC 9068
  'email_verified',
  'nonce',
  'auth_time',
  'acr',
  'amr',
  'azp',
  'at_hash',
  'c_hash',
  's_hash',
  'sid',
  'events',
  '_claim_names',
  '_claim_sources',
  'act',
  'may_act',
  'cnf',
  'client_id',
  'scope',
  '__proto__',
  'constructor',
]);

export interface ExtraClaims {
  readonly idToken: Readonly<Record<string, unknown>>;
  /** Only from rules with `includeInUserInfo`. */
  readonly userinfo: Readonly<Record<string, unknown>>;
  /** From the rules' `groups`: merged, without duplicates, in the order of the rules. */
  readonly groups: readonly string[];
}

/** What the rules add to the tokens of their peer. JSON values pass through unchanged. */
export function extraClaimsOf(rules: readonly Rule[]): ExtraClaims {
  return {
    idToken: mergeClaims(rules),
    userinfo: mergeClaims(rules.filter((rule) => rule.includeInUserInfo)),
    groups: [...new Set(rules.flatMap((rule) => rule.groups ?? []))],
  };
}

/** Lists of several rules become one list without duplicates; of other values the first rule's stands. */
function mergeClaims(rules: readonly Rule[]): Record<string, unknown> {
  const claims: Record<string, unknown> = {};
  for (const { extraClaims = {} } of rules) {
    for (const [name, value] of Object.entries(extraClaims)) {
      if (protectedClaims.has(name)) continue;
      claims[name] = Object.hasOwn(claims, name) ? merge(claims[name], value) : value;
    }
  }
  return claims;
}

function merge(first: unknown, second: unknown): unknown {
  if (!Array.isArray(first) && !Array.isArray(second)) return first;
  const seen = new Map<string, unknown>();
  for (const value of [first, second].flat()) {
    const key = JSON.stringify(value) ?? 'undefined';
    if (!seen.has(key)) seen.set(key, value);
  }
  return [...seen.values()];
}

/** Names in the rules' `extraClaims` that were ignored because they are protected. */
export function protectedNames(rules: readonly Rule[]): readonly string[] {
  const names = rules.flatMap(({ extraClaims = {} }) => Object.keys(extraClaims));
  return [...new Set(names.filter((name) => protectedClaims.has(name)))];
}
