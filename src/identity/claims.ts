import type { Identity, UserIdentity } from './identity.ts';

/**
 * The email of a login without `@`, as Headscale has them: `login` is the bare login, as tsidp says it; `issuer` a
 * mailbox of the issuer's host; `none` no such claim.
 */
export type BareLoginEmail = 'login' | 'issuer' | 'none';
export type EmailVerified = 'addresses' | 'always' | 'never';

export interface ClaimOptions {
  /** Host of the issuer, without port: what makes `alice@github` unique (`alice@github.idp.example.ts.net`). */
  readonly issuerHost: string;
  readonly emailVerified: EmailVerified;
  readonly bareLoginEmail: BareLoginEmail;
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
  const email = emailOf(identity, options);
  return {
    // a missing name falls back to the login name, as in tsidp
    name: identity.displayName || identity.login,
    username,
    preferred_username: username,
    ...(identity.picture ? { picture: identity.picture } : {}),
    ...(email === undefined
      ? {}
      : { email, email_verified: emailVerified(identity, options.emailVerified) }),
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
 * host appended, as in tsidp. For a login without `@` the operator decides; a bare one is a member's alone, as another
 * tailnet's `carol` is not ours (T20).
 * @returns undefined for no such claim
 */
export function emailOf(
  { login, foreign }: UserIdentity,
  { issuerHost, bareLoginEmail }: Pick<ClaimOptions, 'issuerHost' | 'bareLoginEmail'>,
): string | undefined {
  if (isAddress(login)) return login;
  if (login.includes('@')) return `${login}.${issuerHost}`;
  if (bareLoginEmail === 'none' || foreign) return undefined;
  return bareLoginEmail === 'login' ? login : `${login}@${issuerHost}`;
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
