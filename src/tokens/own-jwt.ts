import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { compactVerify, type JWTPayload } from 'jose';
import type { Clock } from '../clock.ts';
import { isCanonicalJws } from '../protocol/jws.ts';
import type { ProviderKeys } from './keys.ts';

/** A JWT that we signed. Whether it is still good is for the caller to find out: only signature and issuer are checked. */
export interface OwnJwt {
  readonly claims: JWTPayload;
  /** Undefined for ID tokens, `at+jwt` for access tokens (RFC 9068). */
  readonly type: string | undefined;
}

export type ReadOwnJwt = (jwt: string) => Promise<OwnJwt | undefined>;

/** How far our own clock may have been set back since. */
const toleranceSeconds = 60;

/**
 * Only our own keys, each with its own algorithm, whatever else the header says (T28); and the very text that was
 * issued, as base64url has other spellings (T11).
 */
export function createJwtReader(
  { signing }: ProviderKeys,
  issuer: string,
  clock: Clock,
): ReadOwnJwt {
  const byId = new Map<string, { readonly alg: string; readonly key: KeyObject }>(
    signing.map((jwk) => [
      jwk.kid,
      { alg: jwk.alg, key: createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' }) },
    ]),
  );
  return async (jwt) => {
    if (!isCanonicalJws(jwt)) return undefined;
    try {
      const { payload, protectedHeader } = await compactVerify(jwt, ({ kid, alg }) => {
        const known = byId.get(kid ?? '');
        if (!known || known.alg !== alg) throw new Error('not one of our keys');
        return known.key;
      });
      const claims: JWTPayload = JSON.parse(new TextDecoder().decode(payload));
      const latest = clock.nowSeconds() + toleranceSeconds;
      const isFuture = (claims.iat ?? latest + 1) > latest || (claims.nbf ?? 0) > latest;
      if (claims.iss !== issuer || isFuture) return undefined;
      return { claims, type: protectedHeader.typ };
    } catch {
      return undefined;
    }
  };
}
