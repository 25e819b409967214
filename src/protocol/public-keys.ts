import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';

/** Keys with which clients sign assertions (`jwks`, RFC 7517 section 5). Pure. */

export type ReadKeys =
  | { readonly ok: true; readonly keys: readonly object[] }
  /** Worded to follow "jwks" or the value itself. */
  | { readonly ok: false; readonly reason: string };

export const maxKeys = 20;

/**
 * The public keys of a set that we can verify with; others (of other types and curves) are left out. Of each only what
 * RFC 7517 and RFC 7518 define for such a key: a client may write anything else beside it, as long and as deep as it
 * likes, and what we don't know is neither kept nor shown (T37).
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
  const usable = keys.flatMap((key) => knownPart(key) ?? []);
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

/**
 * The metadata of a client whose keys were stored before anything was left out.
 * @returns the same where it has none
 */
export function withKnownKeys<T extends Readonly<Record<string, unknown>>>(metadata: T): T {
  if (metadata['jwks'] === undefined) return metadata;
  const read = readPublicKeys(metadata['jwks']);
  return { ...metadata, jwks: { keys: read.ok ? read.keys : [] } };
}

/** RFC 7517 section 4: what a key is called and for. Undefined where one is of another type, or of absurd length. */
const labels = { alg: 32, use: 32, kid: 512 } as const;
const maxOperations = 8;
/** Of a modulus or coordinate in base64url: RSA of 8192 bits has 1366 characters. */
const maxMemberLength = 1400;

function knownPart(key: unknown): object | undefined {
  if (typeof key !== 'object' || key === null) return undefined;
  const members: Readonly<Record<string, unknown>> = { ...key };
  const { kty, crv, n, e, x, y, key_ops: operations } = members;
  const named = Object.entries(labels).filter(([name]) => members[name] !== undefined);
  if (!named.every(([name, length]) => isText(members[name], length))) return undefined;
  if (operations !== undefined && !areOperations(operations)) return undefined;
  const numbers = [kty, crv, n, e, x, y];
  if (!numbers.every((one) => one === undefined || isText(one, maxMemberLength))) return undefined;
  try {
    const read = createPublicKey({ key: { kty, crv, n, e, x, y } as JsonWebKey, format: 'jwk' });
    if (!isStrong(read)) return undefined;
    return {
      ...read.export({ format: 'jwk' }),
      ...Object.fromEntries(named.map(([name]) => [name, members[name]])),
      ...(operations === undefined ? {} : { key_ops: operations }),
    };
  } catch {
    return undefined;
  }
}

const isText = (value: unknown, maxLength: number): value is string =>
  typeof value === 'string' && value.length <= maxLength;

const areOperations = (value: unknown): boolean =>
  Array.isArray(value) && value.length <= maxOperations && value.every((one) => isText(one, 32));

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
