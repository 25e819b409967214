import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type JsonWebKey,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import { promisify } from 'node:util';
import { calculateJwkThumbprint, type JWK } from 'jose';
import type { Clock } from '../clock.ts';
import { type Store, type StoredKey, StoreError } from '../store/store.ts';
import { keyRing, publishedKeys } from './key-ring.ts';

export interface ProviderKeys {
  /** Private signing keys with `kid`, `alg` and `use`; oidc-provider signs with the first that fits. */
  readonly signing: readonly SigningJwk[];
  /** Signs cookies; the first one is used, all are accepted. */
  readonly cookies: readonly string[];
}

export type Algorithm = 'RS256' | 'ES256' | 'EdDSA';

const algorithms: readonly Algorithm[] = ['RS256', 'ES256', 'EdDSA'];
const generate = promisify(generateKeyPair);

/**
 * Reads the provider's keys, making those that are missing on the first start. A key that can't be read stops the
 * start and is never replaced (T23): a new one would break every app that trusts the old.
 * @throws StoreError
 */
export async function loadOrCreateKeys(store: Store, clock: Clock): Promise<ProviderKeys> {
  const stored = await store.keys.list();
  const ring = keyRing(stored, await store.imports.list());
  const signing = publishedKeys(ring).map(readSigningKey);
  const cookies = stored.filter(({ purpose }) => purpose === 'cookie').map(readSecret);
  const createdAt = clock.nowSeconds();

  for (const algorithm of algorithms) {
    if (signing.some(({ alg }) => alg === algorithm)) continue;
    const jwk = await generateSigningKey(algorithm);
    signing.push(jwk);
    await store.keys.add({
      id: jwk.kid,
      purpose: 'signing',
      algorithm,
      material: JSON.stringify(jwk),
      createdAt,
    });
  }
  if (cookies.length === 0) {
    const material = randomBytes(32).toString('base64url');
    cookies.push(material);
    await store.keys.add({
      id: `cookie-${createdAt}`,
      purpose: 'cookie',
      algorithm: 'HMAC',
      material,
      createdAt,
    });
  }
  await store.committed();
  return { signing, cookies };
}

/** The public halves of the signing keys of these algorithms, as the daemon publishes them. */
export async function publicKeySet(
  store: Store,
  algorithms: ReadonlySet<string>,
): Promise<{ readonly keys: readonly JWK[] }> {
  const stored = await store.keys.list();
  const ring = keyRing(stored, await store.imports.list());
  const signing = publishedKeys(ring).map(readSigningKey);
  return { keys: signing.filter(({ alg }) => algorithms.has(alg)).map(publicJwk) };
}

function publicJwk({ kty, use, alg, kid, crv, x, y, n, e }: SigningJwk): JWK {
  const members = { kty, use, alg, kid, crv, x, y, n, e };
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined),
  ) as unknown as JWK;
}

/** A private key that says how it signs and what it is called. */
export type SigningJwk = JWK & { readonly kid: string; readonly alg: Algorithm };

async function generateSigningKey(algorithm: Algorithm): Promise<SigningJwk> {
  const { privateKey } = await generatePair(algorithm);
  const jwk = privateKey.export({ format: 'jwk' }) as JWK;
  // RFC 7638; every key has a `kid`, or verifying clients with several keys fail
  const kid = await calculateJwkThumbprint(jwk);
  return { ...jwk, kid, alg: algorithm, use: 'sig' };
}

function generatePair(algorithm: Algorithm) {
  switch (algorithm) {
    case 'RS256':
      return generate('rsa', { modulusLength: 2048 });
    case 'ES256':
      return generate('ec', { namedCurve: 'P-256' });
    case 'EdDSA':
      return generate('ed25519');
  }
}

function readSigningKey(key: StoredKey): SigningJwk {
  try {
    const jwk: JWK = JSON.parse(key.material);
    const alg = algorithms.find((name) => name === jwk.alg);
    if (!alg || alg !== key.algorithm || !jwk.kid) {
      throw new Error('its "alg" or "kid" is missing');
    }
    provePair(jwk);
    return { ...jwk, kid: jwk.kid, alg };
  } catch (cause) {
    throw unreadable(key, cause);
  }
}

/** A damaged key can still be read as one: it would sign what no app can verify. @throws Error */
function provePair({ kty, crv, x, y, n, e, ...jwk }: JWK): void {
  // by its public members alone, as apps get them; undefined ones are left out
  const members = JSON.parse(JSON.stringify({ kty, crv, x, y, n, e })) as JsonWebKey;
  const publicKey = createPublicKey({ key: members, format: 'jwk' });
  const privateKey = createPrivateKey({ key: { ...members, ...jwk }, format: 'jwk' });
  const hash = jwk.alg === 'EdDSA' ? null : 'sha256';
  const probe = Buffer.from('tsidp');
  if (!verify(hash, probe, publicKey, sign(hash, probe, privateKey))) {
    throw new Error('its private and public members are not one key');
  }
}

function readSecret(key: StoredKey): string {
  if (Buffer.from(key.material, 'base64url').length < 32) {
    throw unreadable(key, new Error('it is shorter than 32 bytes'));
  }
  return key.material;
}

function unreadable(key: StoredKey, cause: unknown): StoreError {
  return new StoreError(
    `The ${key.purpose} key "${key.id}" in the database can't be read. Nothing was changed. Restore the state directory from a backup; a new key would make every app reject its tokens.`,
    { cause },
  );
}
