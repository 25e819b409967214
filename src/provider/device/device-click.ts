import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import { acrTailnet } from '../login/assurance.ts';
import type { ProviderSettings } from '../settings.ts';
import type { DeviceRequester } from './device-facts.ts';

/** Who asked for the device code of this request. */
export function requesterOf(ctx: KoaContextWithOIDC): DeviceRequester {
  return (ctx.oidc.deviceCode?.deviceInfo ?? {}) as DeviceRequester;
}

/** Is this request the Allow button of the device page? */
export function isDeviceClick(ctx: KoaContextWithOIDC): boolean {
  return ctx.oidc.route === 'code_verification';
}

/**
 * OpenID Connect Core 3.1.2.1 (`id_token_hint`): this person or nobody.
 * @throws errors.LoginRequired
 */
export function requireHinted(ctx: KoaContextWithOIDC, subject: string): void {
  const { hinted } = requesterOf(ctx);
  if (hinted !== undefined && hinted !== subject) {
    throw new errors.LoginRequired('the app asked for another person than you');
  }
}

/** Pressing Allow is a login of its own: `auth_time` is now, whatever session the browser had. */
export function takeClick(
  ctx: KoaContextWithOIDC,
  subject: string,
  settings: ProviderSettings,
): void {
  requireHinted(ctx, subject);
  ctx.oidc.session?.loginAccount({
    accountId: subject,
    loginTs: settings.clock.nowSeconds(),
    acr: acrTailnet,
  });
}
