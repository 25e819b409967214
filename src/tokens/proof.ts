import type { TokenEndpointGrantContext } from 'oidc-provider';
import * as grantHelpers from 'oidc-provider/lib/helpers/grants.js';

declare const taken: unique symbol;

/** That a request was asked for its DPoP proof. `takeProof` alone makes it, and no token is issued without. */
export interface TakenProof {
  readonly [taken]: true;
  /** Of the key of the proof, which was checked and can't be used again. Undefined: there was none. */
  readonly thumbprint: string | undefined;
}

/**
 * The request's DPoP proof (RFC 9449 section 5). To be called before anything is written.
 * @throws errors.InvalidDpopProof, errors.InvalidGrant for one that was used before
 */
export async function takeProof(ctx: TokenEndpointGrantContext): Promise<TakenProof> {
  const { provider, client } = ctx.oidc;
  const proof = await grantHelpers.validateDpop(provider, ctx);
  grantHelpers.checkDpopRequired(provider, ctx, proof);
  if (proof) await grantHelpers.checkDpopReplay(provider, ctx, proof, client.clientId);
  return { thumbprint: proof?.thumbprint } as TakenProof;
}
