/**
 * Scopes that say who somebody is: whoever may enter an app may give it these, at any resource. OpenID Connect Core
 * 5.4 and 11; `groups` by custom.
 */
export const identityScopes: ReadonlySet<string> = new Set([
  'openid',
  'profile',
  'email',
  'groups',
  'offline_access',
]);

/** One scope value as a request or token may hold it (RFC 6749 section 3.3): no `*`, which only patterns have. */
export function isScope(text: string): boolean {
  return /^[\x21\x23-\x29\x2b-\x5b\x5d-\x7e]{1,256}$/u.test(text);
}
