import {
  createPrivateKey,
  createPublicKey,
  type JsonWebKey,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import type { JWK } from 'jose';
import { integerText } from '../peer/lossless-json.ts';
import { TakeoverError } from './takeover-error.ts';
import type { TsidpFile } from './tsidp-file.ts';

/** tsidp's signing key, as the store keeps keys. */
export interface TsidpKey {
  /** tsidp's number in decimal, as its tokens name it. */
  readonly kid: string;
  /** Private, RS256. */
  readonly jwk: JWK;
}

const maxKid = 2n ** 64n - 1n;
const minBits = 2048;

/** @throws {TakeoverError} never quoting the key */
export function readSigningKey({ value, say, path }: TsidpFile): TsidpKey {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TakeoverError([say([], 'must be an object with "kid" and "key"'), remedy(path)]);
  }
  const { kid: number, key: pem } = value as Record<string, unknown>;
  const kid = integerText(number);
  const problems: string[] = [];
  if (number === undefined) problems.push(say(['kid'], 'is missing'));
  else if (kid === undefined || BigInt(kid) < 0n || BigInt(kid) > maxKid) {
    problems.push(say(['kid'], 'must be a whole number from 0 to 18446744073709551615'));
  }
  if (typeof pem !== 'string') {
    problems.push(say(['key'], pem === undefined ? 'is missing' : 'must be text'));
  }
  if (kid === undefined || typeof pem !== 'string' || problems.length > 0) {
    throw new TakeoverError([...problems, remedy(path)]);
  }
  try {
    return { kid, jwk: { ...exported(pem), kid, alg: 'RS256', use: 'sig' } };
  } catch (cause) {
    // OpenSSL's words say where it failed and quote nothing
    const reason = cause instanceof Error ? cause.message : String(cause);
    const what = `can't be used as an RSA key in PEM: ${reason}`;
    throw new TakeoverError([say(['key'], what), remedy(path)], { cause });
  }
}

const remedy = (path: string): string =>
  `Take ${path} from a backup: without the key every app rejects the tokens it knows. Nothing was taken over`;

/** @throws Error */
function exported(pem: string): JWK {
  const key = createPrivateKey(pem);
  if (key.asymmetricKeyType !== 'rsa') throw new Error(`it is of type ${key.asymmetricKeyType}`);
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < minBits) throw new Error(`it has ${bits} bits, RS256 needs ${minBits}`);
  const jwk = key.export({ format: 'jwk' });
  proveWhole(jwk);
  return jwk as JWK;
}

/** A damaged key can still be read as one: it would sign what no app can verify. */
function proveWhole(jwk: JsonWebKey): void {
  const { kty, n, e } = jwk;
  const publicKey: KeyObject = createPublicKey({
    key: { kty, n, e } as JsonWebKey,
    format: 'jwk',
  });
  const privateKey = createPrivateKey({ key: jwk, format: 'jwk' });
  const probe = Buffer.from('tsidp');
  if (!verify('sha256', probe, publicKey, sign('sha256', probe, privateKey))) {
    throw new Error('its numbers do not belong together');
  }
}
