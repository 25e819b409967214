import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { compactVerify, type JWTPayload } from 'jose';
import type { ProviderKeys } from './keys.ts';

/** A JWT that we signed. Whether it is still good is for the caller to find out: only signature and issuer are checked. */
export interface OwnJwt {
  readonly claims: JWTPayload;
  /** Undefined for ID tokens, `at+jwt` for access tokens (RFC 9068). */
  readonly type: string | undefined;
}

export type ReadOwnJwt = (jwt: string) => Promise<OwnJwt | undefined>;

/** Only our own keys, each with its own algorithm, whatever else the header says (T28). */
export function createJwtReader({ signing }: ProviderKeys, issuer: string): ReadOwnJwt {
  const byId = new Map<string, { readonly alg: string; readonly key: KeyObject }>(
    signing.map((jwk) => [
      jwk.kid,
      { alg: jwk.alg, key: createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' }) },
    ]),
  );
  return async (jwt) => {
    try {
      const { payload, protectedHeader } = await compactVerify(jwt, ({ kid, alg }) => {
        const known = byId.get(kid ?? '');
        if (!known || known.alg !== alg) throw new Error('not one of our keys');
        return known.key;
      });
      const claims: JWTPayload = JSON.parse(new TextDecoder().decode(payload));
      return claims.iss === issuer ? { claims, type: protectedHeader.typ } : undefined;
    } catch {
      return undefined;
    }
  };
}
