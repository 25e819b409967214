import type { Client, KoaContextWithOIDC } from 'oidc-provider';
import { rotates } from '../access/client-security.ts';

interface Kept {
  exp?: number;
  expiresIn?: number;
  client: Client;
  save(): Promise<string>;
}

/**
 * oidc-provider's hook `rotateRefreshToken`. A token that stays lives on by being used, as a new one would: from now
 * until it is not used for so long, and never beyond the end that its login was given (`tokens/lifetimes.ts`).
 * @throws errors.InvalidGrant at that end
 */
export async function rotateRefreshToken(ctx: KoaContextWithOIDC): Promise<boolean> {
  const { RefreshToken: token, Client: client } = ctx.oidc.entities;
  if (!token || !client || rotates(client, token)) return true;
  const kept = token as Kept;
  // its life is asked for anew where these are missing
  delete kept.exp;
  delete kept.expiresIn;
  // found without one, and lifetimes are the client's
  kept.client = client;
  await kept.save();
  return false;
}
