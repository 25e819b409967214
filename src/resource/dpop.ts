import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, EmbeddedJWK, errors, type JWK, jwtVerify } from 'jose';
import { type Access, isObject } from './access.ts';
import { Refused, type Scheme } from './refused.ts';
import type { ProofOwner } from './replays.ts';

/** DPoP (RFC 9449): a bound token is worth something only to whoever holds the key. */

/** What the issuer takes for proofs, too. */
export const dpopAlgorithms = ['ES256', 'Ed25519', 'EdDSA'];

export interface Proof {
  readonly token: string;
  readonly scheme: Scheme;
  /** The `DPoP` header. */
  readonly proof: string | undefined;
  readonly method: string;
  /** Where the request went, as the client knows it: no query. */
  readonly url: string;
}

export interface ProofChecks {
  readonly toleranceSeconds: number;
  readonly clock: () => number;
  /** Says whether this proof is seen for the first time, and remembers it. */
  readonly isNew: (owner: ProofOwner, jti: string, untilSeconds: number) => boolean;
}

/** How long after it was made a proof is taken. */
const proofSeconds = 60;
const maxProofLength = 4096;
const maxIdLength = 256;

/**
 * A bound token comes with a fresh proof of its key, and one that is not bound comes as Bearer.
 * @throws Refused
 */
export async function checkBinding(
  access: Access,
  sent: Proof,
  checks: ProofChecks,
): Promise<void> {
  const thumbprint = boundKey(access);
  if (thumbprint === undefined) {
    if (sent.scheme === 'Bearer') return;
    throw new Refused(
      'invalid_token',
      'The access token is not bound to a key; send it as Bearer.',
    );
  }
  if (sent.scheme === 'Bearer') {
    throw new Refused(
      'invalid_token',
      'The access token is bound to a key; send it as DPoP with a proof.',
    );
  }
  if (sent.proof === undefined) throw badProof('The request has no DPoP header.');
  const owner = { key: thumbprint, subject: access.subject };
  await checkProof({ ...sent, proof: sent.proof }, owner, checks);
}

function boundKey({ claims: { cnf } }: Access): string | undefined {
  if (cnf === undefined) return undefined;
  if (isObject(cnf) && typeof cnf['jkt'] === 'string' && Object.keys(cnf).length === 1)
    return cnf['jkt'];
  throw new Refused('invalid_token', 'The access token is bound in a way that is not known here.');
}

/** RFC 9449 section 4.3. */
async function checkProof(
  { proof, token, method, url }: Proof & { readonly proof: string },
  owner: ProofOwner,
  { toleranceSeconds, clock, isNew }: ProofChecks,
): Promise<void> {
  if (proof.length > maxProofLength) throw badProof('The DPoP proof is too long.');
  const nowSeconds = clock();
  const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
    typ: 'dpop+jwt',
    algorithms: dpopAlgorithms,
    maxTokenAge: proofSeconds,
    clockTolerance: toleranceSeconds,
    currentDate: new Date(nowSeconds * 1000),
  }).catch((error: unknown) => {
    throw error instanceof errors.JOSEError || error instanceof TypeError
      ? badProof('The DPoP proof is malformed, too old or wrongly signed.')
      : error;
  });
  const { jti, htm, htu, ath } = payload;
  if (htm !== method || withoutQuery(htu) !== withoutQuery(url)) {
    throw badProof('The DPoP proof is for another request.');
  }
  if (ath !== createHash('sha256').update(token).digest('base64url')) {
    throw badProof('The DPoP proof is for another access token.');
  }
  if ((await calculateJwkThumbprint(protectedHeader.jwk as JWK)) !== owner.key) {
    throw badProof('The DPoP proof is made with another key than the access token is bound to.');
  }
  if (typeof jti !== 'string' || jti === '' || jti.length > maxIdLength) {
    throw badProof('The DPoP proof has no usable jti.');
  }
  if (!isNew(owner, jti, nowSeconds + proofSeconds + 2 * toleranceSeconds)) {
    throw badProof('The DPoP proof was used before.');
  }
}

function withoutQuery(url: unknown): string | undefined {
  if (typeof url !== 'string' || !URL.canParse(url)) return undefined;
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

function badProof(description: string): Refused {
  return new Refused('invalid_dpop_proof', description);
}
