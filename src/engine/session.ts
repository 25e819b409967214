import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { ProviderSettings } from '../access/settings.ts';
import { acrTailnet } from '../protocol/assurance.ts';

/**
 * Makes a session that nobody has yet the peer's. Of one that was stored others may know the ID, and the secret of its
 * forms (fixation).
 */
export function logIn(
  session: NonNullable<KoaContextWithOIDC['oidc']['session']>,
  accountId: string,
  { clock }: ProviderSettings,
): void {
  if (!('new' in session)) {
    session.resetIdentifier();
    session.state = undefined;
  }
  session.loginAccount({ accountId, loginTs: clock.nowSeconds(), acr: acrTailnet });
}

/**
 * A new session, with new identifiers, in place of one that belongs to another peer. The old one stays as it is:
 * its owner may be using it elsewhere.
 */
export function replaceSession(ctx: KoaContextWithOIDC, provider: Provider): void {
  const session = new provider.Session();
  // oidc-provider saves a new session only when it was touched
  Object.assign(session, { touched: true });
  Object.assign(ctx.oidc, { session });
  ctx.oidc.entity('Session', session);
}
