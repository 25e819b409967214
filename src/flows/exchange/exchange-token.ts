import { errors, type TokenEndpointGrantContext } from 'oidc-provider';
import { factsOf } from '../../access/request.ts';
import type { ProviderSettings } from '../../access/settings.ts';
import { rulesOf } from '../../policy/grant.ts';
import { servesResource } from '../../policy/machine-resources.ts';
import { accountBehind, type TailnetAccount } from '../../tokens/account.ts';
import type { TakenProof } from '../../tokens/proof.ts';
import type { PresentedToken } from './presented-token.ts';

/** RFC 8693 section 2.2.2: what is wrong with a token, or with who presents it, is an invalid request. */
export function refused(description: string): errors.InvalidRequest {
  return new errors.InvalidRequest(description);
}

/**
 * Only a token of one's own may be exchanged: issued to this client, or for a resource that this client is (T05).
 * @throws errors.InvalidRequest
 */
export function requireBound(
  ctx: TokenEndpointGrantContext,
  { clientId, audience }: PresentedToken,
  { resources }: ProviderSettings,
): void {
  const { client } = ctx.oidc;
  const { machine } = factsOf(ctx);
  const isResource = audience.some(
    (uri) =>
      resources.find(uri)?.clients.includes(client.clientId) ||
      (machine && servesResource(rulesOf(machine.capMap), uri)),
  );
  if (clientId === client.clientId || isResource) return;
  throw refused(
    'subject_token was issued to another client, for a resource that this client is not',
  );
}

/**
 * What comes of a token that is bound to a key (RFC 9449) is bound, too: to the same key where its own client presents
 * it, to one of theirs where a resource does, which was sent it with a proof.
 * @throws errors.InvalidRequest
 */
export function requireProof(
  ctx: TokenEndpointGrantContext,
  { keyThumbprint, clientId }: PresentedToken,
  proof: TakenProof,
  name: string,
): void {
  if (keyThumbprint === undefined) return;
  if (proof.thumbprint === undefined)
    throw refused(`${name} is bound to a key (DPoP): send a proof with the request`);
  const isOwn = clientId === ctx.oidc.client.clientId;
  if (!isOwn || proof.thumbprint === keyThumbprint) return;
  throw refused(`${name} is bound to another key (DPoP) than that of the proof`);
}

/** @throws errors.InvalidRequest when grants or the network no longer bear the token out */
export async function accountOfToken(
  ctx: TokenEndpointGrantContext,
  token: PresentedToken,
  name: string,
  settings: ProviderSettings,
): Promise<TailnetAccount> {
  const { accountId, clientId, audience, scope, gty, family } = token;
  const issued = {
    ...{ clientId, gty, scope, binding: family.device, lineage: family },
    family: family.name,
    ...token.stored,
  };
  const account = await accountBehind(
    ctx,
    accountId,
    { ...issued, ...(audience.length > 0 ? { aud: audience } : {}) },
    settings,
  );
  if (account) return account;
  throw refused(
    `the person or device behind ${name} is no longer what it was, or may no longer enter its app`,
  );
}
