import { hash } from 'node:crypto';
import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import { acrTailnet } from '../protocol/assurance.ts';
import type { DeviceRequester } from './device-facts.ts';
import { factsOf } from './request.ts';
import type { Requested } from './requested.ts';
import type { ProviderSettings } from './settings.ts';

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
    throw new errors.LoginRequired('the app asked for somebody other than you');
  }
}

/**
 * Policy may give more by now than stood on the page. What stood there the form itself says: it is the person's own,
 * and what it names beyond policy is not given.
 */
export function asShown(
  ctx: KoaContextWithOIDC,
  resources: Requested['resources'],
): Requested['resources'] {
  if (!isDeviceClick(ctx)) return resources;
  const shown = factsOf(ctx).device?.shown;
  return resources.map((resource) => ({
    ...resource,
    scopes: resource.scopes.filter(({ name }) => shown?.has(shownName(resource.uri, name))),
  }));
}

/** What the form of the page calls the scopes that stand there. */
export function shownNames(resources: Requested['resources']): string[] {
  return resources.flatMap(({ uri, scopes }) => scopes.map(({ name }) => shownName(uri, name)));
}

function shownName(uri: string, scope: string): string {
  return hash('sha256', `${uri} ${scope}`, 'base64url').slice(0, 22);
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
