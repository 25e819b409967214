import type { Provider } from 'oidc-provider';
import { extraClaimsKey, type MoreClaims } from '../tokens/account-claims.ts';

interface ClaimsResult {
  readonly available: MoreClaims;
  result(): Promise<Record<string, unknown>>;
}

/**
 * Lets tsidp's device claims and the `extraClaims` of grants into ID token and userinfo. oidc-provider keeps only
 * claims whose names it knew at start, and has no hook for others; the names in a policy file are known to nobody
 * beforehand. So the last step, `Claims.prototype.result`, adds them.
 */
export function patchClaims(provider: Provider): void {
  const { Claims } = provider as unknown as { Claims: { prototype: ClaimsResult } };
  const original = Claims.prototype.result;
  Claims.prototype.result = async function result(this: ClaimsResult) {
    const claims = await original.call(this);
    return { ...claims, ...this.available[extraClaimsKey] };
  };
}
