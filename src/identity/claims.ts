import type { Identity, UserIdentity } from './identity.ts';

export type EmailVerified = 'addresses' | 'always' | 'never';

export interface ClaimOptions {
  /** Host of the issuer, without port: what makes `alice@github` unique (`alice@github.idp.example.ts.net`). */
  readonly issuerHost: string;
  readonly emailVerified: EmailVerified;
  /** Epoch seconds. */
  readonly now: number;
}

/** Clock skew that tsidp's `nbf` allows for, seconds. */
const notBeforeSkewSeconds = 300;

/**
 * Claims that oidc-provider filters by scope: `profile`, `email` (OpenID Connect Core 5.4). The same set for ID
 * token and userinfo.
 */
export function scopedClaims(
  identity: Identity,
  options: ClaimOptions,
): Readonly<Record<string, unknown>> {
  if (identity.kind === 'machine') {
    const name = identity.node.name.replace(/\.$/, '');
    return { name, username: name, preferred_username: name };
  }
  const username = usernameOf(identity);
  return {
    // a missing name falls back to the login name, as in tsidp
    name: identity.displayName || identity.login,
    username,
    preferred_username: username,
    ...(identity.picture ? { picture: identity.picture } : {}),
    email: emailOf(identity, options.issuerHost),
    email_verified: emailVerified(identity, options.emailVerified),
  };
}

/** Claims about the device that every ID token carries, whatever the scope (tsidp's, exactly). */
export function deviceClaims(
  identity: Identity,
  options: ClaimOptions,
): Readonly<Record<string, unknown>> {
  const { node } = identity;
  return {
    key: node.key,
    addresses: node.addresses,
    nid: exactInteger(node.nodeId),
    node: node.name,
    tailnet: identity.tailnet,
    ...(identity.kind === 'user'
      ? { uid: exactInteger(identity.userId) }
      : { tags: identity.tags }),
    nbf: options.now - notBeforeSkewSeconds,
  };
}

/**
 * The login name's part before `@`. A member of another tailnet keeps the full login, so that
 * `alice@evil.example` never becomes our `alice` (T20).
 */
export function usernameOf(identity: UserIdentity): string {
  if (identity.foreign) return identity.login;
  const at = identity.login.indexOf('@');
  return at > 0 ? identity.login.slice(0, at) : identity.login;
}

/**
 * An address that collides with nobody's: logins of passkey and GitHub users (`alice@github`) get the issuer's
 * host appended, as in tsidp; a login without `@` (Headscale) becomes a mailbox of that host.
 */
export function emailOf(identity: UserIdentity, issuerHost: string): string {
  const { login } = identity;
  if (isAddress(login)) return login;
  return login.includes('@') ? `${login}.${issuerHost}` : `${login}@${issuerHost}`;
}

function emailVerified(identity: UserIdentity, setting: EmailVerified): boolean {
  if (setting === 'addresses') return isAddress(identity.login) && !identity.foreign;
  return setting === 'always';
}

/** `local@domain.tld`: the identity provider behind the tailnet vouched for it as an address. */
function isAddress(login: string): boolean {
  return /^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$/.test(login);
}

/** A JSON number with exactly these digits, even above 2^53. */
function exactInteger(decimal: string): unknown {
  const number = Number(decimal);
  return Number.isSafeInteger(number) ? number : JSON.rawJSON(decimal);
}
