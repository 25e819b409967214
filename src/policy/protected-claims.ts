/**
 * Claims that only we may set: tsidp's list, and those of the protocols that we speak. A rule that names one keeps
 * its other claims.
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

export function isProtectedClaim(name: string): boolean {
  return protectedClaims.has(name);
}
