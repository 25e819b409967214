import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { DeviceRequester } from '../../access/device-facts.ts';
import { tryLater } from '../../access/errors.ts';
import { factsOf, shareOf } from '../../access/request.ts';
import { isSelfRegistered } from '../../access/self-registered.ts';
import type { ProviderSettings } from '../../access/settings.ts';
import { isFromWebPage } from '../../access/web-page.ts';
import type { Identified } from '../../identity/identity.ts';
import { displayLogin, subjectOf } from '../../identity/subject.ts';

/** Path of the page where people allow a device. */
export const devicePath = '/device';

const longestUserAgent = 200;

/**
 * Notes who asks for a device code (RFC 8628 3.1), and refuses too many for clients that have no secret or that anybody may register. Called from
 * the validator that `/authorize` uses for the clickless login.
 * @throws errors.TemporarilyUnavailable 429 with Retry-After
 */
export async function noteRequester(
  ctx: KoaContextWithOIDC,
  { deviceLimits }: ProviderSettings,
): Promise<void> {
  const facts = factsOf(ctx);
  const { client } = ctx.oidc;
  if (!client) throw new Error('device request without a client');
  const identified = await facts.identify();
  if (client.clientAuthMethod === 'none' || isSelfRegistered(client)) {
    const share = await shareOf(facts);
    const wait = deviceLimits.takeRequest(client.clientId, share, identified.ok);
    if (wait > 0) throw tryLater(ctx, wait, 'too many device codes were asked for from here');
  }
  const userAgent = ctx.get('User-Agent').slice(0, longestUserAgent);
  const hinted = ctx.oidc.entities.IdTokenHint?.payload['sub'];
  const requester = {
    ...(isFromWebPage(ctx) ? { address: facts.peer } : whoOf(identified, facts.peer)),
    ...(userAgent === '' ? {} : { userAgent }),
    ...(typeof hinted === 'string' ? { hinted } : {}),
  };
  facts.device = { requester };
}

function whoOf(identified: Identified, address: string): DeviceRequester {
  if (!identified.ok) return { address };
  const { identity } = identified;
  return {
    subject: subjectOf(identity),
    login: displayLogin(identity),
    device: identity.node.name.replace(/\.$/, ''),
    stableId: identity.node.stableId,
    ...(identity.kind === 'machine' ? { tags: identity.tags } : {}),
  };
}

/** oidc-provider's `deviceInfo`: what is kept with the code. */
export function deviceInfo(ctx: KoaContextWithOIDC): Record<string, unknown> {
  return { ...factsOf(ctx).device?.requester };
}

/**
 * The answer of `/device_authorization`: people go to the issuer, whatever listener the device called, and polls have
 * an interval (RFC 8628 3.2). oidc-provider emits this event when the answer stands and before it is sent.
 */
export function completeDeviceAnswers(provider: Provider, settings: ProviderSettings): void {
  provider.on('device_authorization.success', (_ctx: KoaContextWithOIDC, body) => {
    const uri = `${settings.issuer}${devicePath}`;
    body['verification_uri'] = uri;
    body['verification_uri_complete'] = `${uri}?user_code=${String(body['user_code'])}`;
    body['interval'] = settings.lifetimes.devicePollSeconds;
  });
}
