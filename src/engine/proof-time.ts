import { decodeJwt } from 'jose';
import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import { ageSeconds, type Clock } from '../clock.ts';
import { assertionToleranceSeconds } from './client-assertion.ts';

/**
 * oidc-provider takes DPoP proofs that were made five minutes in the future, and forgets each five minutes after its
 * first use, when that one is still young (T42). Called for every proof before it is read, as the hook that asks
 * whether it needs a nonce (RFC 9449 section 8), which none does.
 * @throws errors.InvalidDpopProof
 */
export function refuseFutureProof(ctx: KoaContextWithOIDC, clock: Clock): false {
  const iat = issuedAt(ctx.get('DPoP'));
  if (iat === undefined) return false;
  const age = ageSeconds(clock.nowSeconds(), iat, assertionToleranceSeconds);
  if (age === Number.POSITIVE_INFINITY) {
    throw new errors.InvalidDpopProof('DPoP proof is issued in the future');
  }
  return false;
}

/** Undefined for what is none: oidc-provider says so. */
function issuedAt(proof: string): number | undefined {
  try {
    const { iat } = decodeJwt(proof);
    return typeof iat === 'number' ? iat : undefined;
  } catch {
    return undefined;
  }
}
