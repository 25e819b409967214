import { AsyncLocalStorage } from 'node:async_hooks';
import {
  createPrivateKey,
  createPublicKey,
  type JsonWebKey,
  type KeyObject,
  sign,
} from 'node:crypto';
import { promisify } from 'node:util';
import { ExternalSigningKey } from 'oidc-provider';
import type { Algorithm, SigningJwk } from './keys.ts';

const signInPool = promisify(sign);

/**
 * Each signature is an object of the engine's, which lives until the next full garbage collection and holds the
 * asynchronous context that it was made in: oidc-provider's, with everything of the request. So it is made in none.
 */
const outside = AsyncLocalStorage.snapshot();

/**
 * A private key as oidc-provider signs with it. Left to itself it goes through Web Cryptography, which costs more
 * than an ES256 signature itself; its hook for keys in other places (`features.externalSigningSupport`) takes us to
 * OpenSSL directly. RSA is slow and signs in the thread pool, beside other requests.
 */
export class SigningKey extends ExternalSigningKey {
  readonly #jwk: Pick<SigningJwk, 'kid' | 'alg'>;
  readonly #private: KeyObject;
  readonly #public: KeyObject;

  constructor(jwk: SigningJwk) {
    super();
    this.#jwk = { kid: jwk.kid, alg: jwk.alg };
    this.#private = createPrivateKey({ key: jwk as JsonWebKey, format: 'jwk' });
    this.#public = createPublicKey(this.#private);
  }

  override get kid(): string {
    return this.#jwk.kid;
  }

  override get alg(): Algorithm {
    return this.#jwk.alg;
  }

  override keyObject(): KeyObject {
    return this.#public;
  }

  /** RFC 7518 3.3 and 3.4, RFC 8037 3.1. */
  override sign(data: Uint8Array): Promise<Buffer> | Buffer {
    switch (this.#jwk.alg) {
      case 'RS256':
        return outside(() => signInPool('sha256', data, this.#private));
      case 'ES256':
        return plainSignature(outside(() => sign('sha256', data, this.#private)));
      case 'EdDSA':
        return outside(() => sign(null, data, this.#private));
    }
  }
}

const p256Bytes = 32;

/**
 * ECDSA's two numbers side by side, as JOSE has them (RFC 7518 3.4), of OpenSSL's DER: SEQUENCE { INTEGER, INTEGER }.
 * `sign` would do it if the key came inside options; but of those it finds out by two exceptions that they are no key,
 * which together cost more than the signature.
 */
function plainSignature(der: Buffer): Buffer {
  const rEnd = 4 + der.readUInt8(3);
  const plain = Buffer.alloc(2 * p256Bytes);
  place(der.subarray(4, rEnd), plain, p256Bytes);
  place(der.subarray(rEnd + 2), plain, 2 * p256Bytes);
  return plain;
}

/** Puts a DER integer, which may have a zero in front or be shorter than others, so that it ends at `end`. */
function place(integer: Buffer, target: Buffer, end: number): void {
  const digits = integer.subarray(Math.max(0, integer.length - p256Bytes));
  digits.copy(target, end - digits.length);
}
