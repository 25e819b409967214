/** The standard scopes of OpenID Connect Core 5.4 with their claims, though a tailnet fills only some, and `groups`. */
export const scopeClaims = {
  openid: ['sub'],
  profile: [
    'name',
    'username',
    'preferred_username',
    'picture',
    'family_name',
    'given_name',
    'middle_name',
    'nickname',
    'profile',
    'website',
    'gender',
    'birthdate',
    'zoneinfo',
    'locale',
    'updated_at',
  ],
  email: ['email', 'email_verified'],
  groups: ['groups'],
  address: ['address'],
  phone: ['phone_number', 'phone_number_verified'],
};

/** Those of the claims that belong to one of the scopes, or to none, such as `auth_time`. */
export function claimsWithin(claims: Iterable<string>, scopes: readonly string[]): string[] {
  const hidden = new Set(
    Object.entries(scopeClaims).flatMap(([scope, its]) => (scopes.includes(scope) ? [] : its)),
  );
  return [...claims].filter((claim) => !hidden.has(claim));
}

/** The scopes that this claim belongs to. */
export function scopesWithClaim(claim: string): readonly string[] {
  return Object.entries(scopeClaims).flatMap(([scope, its]) =>
    its.includes(claim) ? [scope] : [],
  );
}

/** Scopes that mean something here; others are dropped before oidc-provider sees them. */
export const supportedScopes: ReadonlySet<string> = new Set([
  ...Object.keys(scopeClaims),
  'offline_access',
]);
