import type { Context } from 'koa';
import type { Client } from 'oidc-provider';
import type { Identity } from '../identity/identity.ts';
import { subjectOf } from '../identity/subject.ts';
import { isNativeRedirect, redirectHost } from '../protocol/redirect-uri.ts';
import type { ConsentKey } from '../store/consent-table.ts';
import { optionsOf } from './client-settings.ts';
import { factsOf } from './request.ts';
import { isSelfRegistered } from './self-registered.ts';
import type { ProviderSettings } from './settings.ts';

/**
 * Clients that registered themselves are asked about, those that an operator entered or approved are not. Any
 * process on the device can pass for an approved native app (RFC 8252 8.6), so that one still is, unless its operator
 * made it clickless.
 */
export function asksConsent(client: Client, redirectUri: unknown): boolean {
  if (!isSelfRegistered(client)) return false;
  const { approved, login } = optionsOf(client);
  if (approved !== true) return true;
  const isNative = client.clientAuthMethod === 'none' && isNativeRedirect(String(redirectUri));
  return isNative && login !== 'clickless';
}

/** What a consent is remembered under. */
export function consentKeyOf(client: Client, redirectUri: string, identity: Identity): ConsentKey {
  const isNative = isNativeRedirect(redirectUri);
  const host = redirectHost(redirectUri);
  return {
    subject: subjectOf(identity),
    clientId: client.clientId,
    // native apps listen at any port (RFC 8252 7.3)
    redirectHost: isNative ? host.replace(/:\d+$/u, '') : host,
    device: isNative ? identity.node.stableId : undefined,
    redirectsDigest: optionsOf(client).redirectsDigest,
  };
}

/** Would it lead to the site of a client that came by itself, and that the person allowed nothing there? */
export async function isUntrusted(
  ctx: Context,
  client: Client | undefined,
  uri: string,
  settings: ProviderSettings,
): Promise<boolean> {
  if (!client || isNativeRedirect(uri) || !asksConsent(client, uri)) return false;
  const identified = await factsOf(ctx).identify();
  if (!identified.ok) return true;
  const given = await settings.consents.find(consentKeyOf(client, uri, identified.identity));
  return given.length === 0;
}
