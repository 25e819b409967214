import type { AccessToken, ClientCredentials, TokenEndpointGrantContext } from 'oidc-provider';
import * as grantHelpers from 'oidc-provider/lib/helpers/grants.js';

/** Binds a token to the key of the request's DPoP proof (RFC 9449 section 5), where there is one. */
export async function bindToProof(
  ctx: TokenEndpointGrantContext,
  token: AccessToken | ClientCredentials,
): Promise<void> {
  const { provider, client } = ctx.oidc;
  const proof = await grantHelpers.validateDpop(provider, ctx);
  grantHelpers.checkDpopRequired(provider, ctx, proof);
  if (!proof) return;
  await grantHelpers.checkDpopReplay(provider, ctx, proof, client.clientId);
  token.setThumbprint('jkt', proof.thumbprint);
}
