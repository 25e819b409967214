import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';

/** Keys with which clients sign assertions (`jwks`, RFC 7517 section 5). Pure. */

export type ReadKeys =
  | { readonly ok: true; readonly keys: readonly object[] }
  /** Worded to follow "jwks" or the value itself. */
  | { readonly ok: false; readonly reason: string };

export const maxKeys = 20;

/**
 * The public keys of a set that we can verify with; others (of other types and curves) are left out.
 * @returns a reason when there is none, or one that should not have left its owner
 */
export function readPublicKeys(jwks: unknown): ReadKeys {
  const keys = typeof jwks === 'object' && jwks !== null && 'keys' in jwks ? jwks.keys : undefined;
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > maxKeys) {
    return refuse(`must be { "keys": [ … ] } with 1 to ${maxKeys} public keys`);
  }
  if (keys.some(isSecret)) {
    return refuse('holds private or symmetric keys: publish the public ones only');
  }
  const usable = keys.filter(isUsable);
  return usable.length > 0
    ? { ok: true, keys: usable }
    : refuse('holds no key to verify with: RSA of 2048 to 8192 bits, EC P-256 or Ed25519');
}

const refuse = (reason: string): ReadKeys => ({ ok: false, reason });

/** RFC 7518 section 6: the members that only private and symmetric keys have. */
const secretMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];

function isSecret(key: unknown): boolean {
  if (typeof key !== 'object' || key === null) return false;
  return secretMembers.some((member) => member in key) || ('kty' in key && key.kty === 'oct');
}

function isUsable(key: unknown): key is object {
  const labels = ['kty', 'alg', 'use', 'kid'];
  if (typeof key !== 'object' || key === null) return false;
  const members: Readonly<Record<string, unknown>> = { ...key };
  // oidc-provider refuses the whole client for these
  if (labels.some((name) => members[name] !== undefined && typeof members[name] !== 'string')) {
    return false;
  }
  try {
    return isStrong(createPublicKey({ key: key as JsonWebKey, format: 'jwk' }));
  } catch {
    return false;
  }
}

/** Beyond these one signature takes as long to verify as hundreds of others, and anybody can send one (T14). */
const maxRsaBits = 8192;
const maxExponent = 0xffff_ffffn;

function isStrong({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  const { modulusLength = 0, namedCurve, publicExponent = 0n } = asymmetricKeyDetails ?? {};
  if (asymmetricKeyType === 'rsa') {
    return modulusLength >= 2048 && modulusLength <= maxRsaBits && publicExponent <= maxExponent;
  }
  if (asymmetricKeyType === 'ec') return namedCurve === 'prime256v1';
  return asymmetricKeyType === 'ed25519';
}
