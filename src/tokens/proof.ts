import type { AccessToken, ClientCredentials, TokenEndpointGrantContext } from 'oidc-provider';
import * as grantHelpers from 'oidc-provider/lib/helpers/grants.js';

/** A DPoP proof that was checked and can not be used again. */
export type Proof = NonNullable<Awaited<ReturnType<typeof grantHelpers.validateDpop>>>;

/**
 * The request's DPoP proof (RFC 9449 section 5), where there is one. To be called before anything is written.
 * @throws errors.InvalidDpopProof, errors.InvalidGrant for one that was used before
 */
export async function takeProof(ctx: TokenEndpointGrantContext): Promise<Proof | undefined> {
  const { provider, client } = ctx.oidc;
  const proof = await grantHelpers.validateDpop(provider, ctx);
  grantHelpers.checkDpopRequired(provider, ctx, proof);
  if (!proof) return undefined;
  await grantHelpers.checkDpopReplay(provider, ctx, proof, client.clientId);
  return proof;
}

/** Binds a token to the key of the proof. */
export function bindToProof(
  token: AccessToken | ClientCredentials,
  proof: Proof | undefined,
): void {
  if (proof) token.setThumbprint('jkt', proof.thumbprint);
}
