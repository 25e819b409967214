import { decodeProtectedHeader, errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { type Access, readAccess } from './access.ts';
import { Refused } from './refused.ts';

export type Algorithm = 'RS256' | 'ES256' | 'EdDSA';

export interface JwtChecks {
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly algorithms: readonly Algorithm[];
  readonly keys: JWTVerifyGetKey;
  readonly toleranceSeconds: number;
  readonly clock: () => number;
}

/** Opaque tokens may hold dots, too: what decides is a header that reads as one. */
export function isJwt(token: string): boolean {
  try {
    decodeProtectedHeader(token);
    return token.split('.').length === 3;
  } catch {
    return false;
  }
}

/**
 * RFC 9068 section 4, by our own algorithms and the issuer's published keys alone: keys that a header brings along
 * (`jwk`, `jku`, `x5c`) are never looked at.
 * @throws Refused
 */
export async function verifyJwt(token: string, checks: JwtChecks): Promise<Access> {
  const nowSeconds = checks.clock();
  const { payload } = await jwtVerify(token, checks.keys, {
    typ: 'at+jwt',
    issuer: checks.issuer,
    audience: [...checks.audience],
    algorithms: [...checks.algorithms],
    requiredClaims: ['exp', 'iat', 'sub', 'client_id', 'jti'],
    clockTolerance: checks.toleranceSeconds,
    currentDate: new Date(nowSeconds * 1000),
  }).catch((error: unknown) => {
    throw refusal(error);
  });
  if (typeof payload.iat !== 'number' || payload.iat > nowSeconds + checks.toleranceSeconds) {
    throw new Refused('invalid_token', 'The access token was issued in the future.');
  }
  const access = readAccess(payload);
  if (!access) throw new Refused('invalid_token', 'The access token has claims of wrong types.');
  return access;
}

const claimReasons: Readonly<Record<string, string>> = {
  typ: 'The token is not an access token (typ at+jwt).',
  iss: 'The access token is from another issuer.',
  aud: 'The access token is for another resource.',
  nbf: 'The access token is not valid yet.',
};

// jose's errors are not passed on as causes: they hold the token's claims, which have no place in a log
function refusal(error: unknown): unknown {
  if (error instanceof errors.JWTExpired) {
    return new Refused('invalid_token', 'The access token expired.');
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    const reason =
      claimReasons[error.claim] ?? 'The access token lacks a claim or has a wrong one.';
    return new Refused('invalid_token', reason);
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return new Refused(
      'invalid_token',
      'The access token is signed in a way that is not accepted.',
    );
  }
  // what `keys` refused is passed on; whatever else jose says is about the token
  return error instanceof errors.JOSEError
    ? new Refused('invalid_token', 'The access token is malformed or its signature is wrong.')
    : error;
}
