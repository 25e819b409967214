import Provider, { type KoaContextWithOIDC, type RefreshToken } from 'oidc-provider';
import { bindingOf } from '../access/bound-grant.ts';
import { lifetimeOf, originAllowed } from '../access/client-settings.ts';
import { factsOf } from '../access/request.ts';
import type { ProviderSettings } from '../access/settings.ts';

export interface GracefulToken extends RefreshToken {
  graceSeconds?: number;
  /** It is presented again so long after its rotation, beyond the usual grace, and within its own. */
  lateSeconds?: number;
}

interface Model {
  readonly prototype: GracefulToken;
  find(id: string, options?: object): Promise<GracefulToken | undefined>;
}

/**
 * Writes into every refresh token for how long it is answered after its rotation: the app's own setting or the
 * general one. The store decides about late repeats and knows no apps; oidc-provider has no hook before a token is
 * saved.
 *
 * Beyond the usual grace a token counts as used up, but for the device that the login came from: there the network
 * itself says that it is not a thief who asks.
 */
export function patchRefreshGrace(
  provider: Provider,
  { settings }: { readonly settings: ProviderSettings },
): void {
  const model = provider.RefreshToken as unknown as Model;
  const { save } = model.prototype;
  model.prototype.save = async function saveWithGrace(this: GracefulToken) {
    this.graceSeconds = lifetimeOf('refreshGraceSeconds', this.client, settings);
    return save.call(this);
  };
  const { find } = model;
  model.find = async function findForItsDevice(this: Model, id, options) {
    const token = await find.call(this, id, options);
    const { ctx } = Provider;
    if (token?.lateSeconds === undefined || ctx?.oidc.route !== 'token') return token;
    if (await isOfItsDevice(ctx, token)) delete token.consumed;
    return token;
  };
}

/**
 * Does the request come over a connection of the very device that the token's login came from? A backchannel has no
 * identity, and a proxy or a program on our own node only says whose request it sends. A page of another origin may
 * use the device's connection, but is not the app (T33).
 */
async function isOfItsDevice(ctx: KoaContextWithOIDC, token: GracefulToken): Promise<boolean> {
  const { client } = ctx.oidc;
  const origin = ctx.get('Origin');
  if (!client || client.clientId !== token.clientId) return false;
  if (origin !== '' && !originAllowed(origin, client)) return false;
  const binding = await bindingOf(ctx, token.grantId);
  const peer = await factsOf(ctx).identify();
  return peer.ok && peer.through === undefined && peer.identity.node.stableId === binding?.stableId;
}
