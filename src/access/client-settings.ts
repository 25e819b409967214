import type { Client, KoaContextWithOIDC } from 'oidc-provider';
import type { ClientOptions } from '../config/client-options.ts';
import { isNativeRedirect } from '../protocol/redirect-uri.ts';
import { optionsMember } from '../store/client-members.ts';
import type { ClientSource } from '../store/store.ts';
import type { Lifetimes, ProviderSettings } from './settings.ts';

/** What oidc-provider carries of a client beside its metadata (`extraClientMetadata`), as the adapter wrote it. */
export interface CarriedOptions extends ClientOptions {
  readonly source: ClientSource;
}

/** What we and operators say of a client. */
export function optionsOf(client: Client): Partial<CarriedOptions> {
  return (client[optionsMember] as CarriedOptions | undefined) ?? {};
}

/**
 * The scopes a client may ask for; undefined for all. Others are dropped, not refused. Whether it has offline access
 * is decided by its grant types alone: who gets a refresh token may call it by its name.
 */
export function scopesOf(client: Client): ReadonlySet<string> | undefined {
  const { scopes } = optionsOf(client);
  if (!scopes) return undefined;
  return new Set([
    ...scopes,
    ...(client.grantTypeAllowed('refresh_token') ? ['offline_access'] : []),
  ]);
}

/**
 * Does this request need the person's click? By the client's setting, else: public clients that are called back
 * on the device itself are confirmed, because any process on it could be them (RFC 8252 8.6).
 */
export function needsConfirmation(ctx: KoaContextWithOIDC, settings: ProviderSettings): boolean {
  const { client, params } = ctx.oidc;
  const own = client && optionsOf(client).login;
  if (own !== undefined) return own === 'confirm';
  if (client?.clientAuthMethod === 'none' && isNativeRedirect(String(params?.['redirect_uri']))) {
    return true;
  }
  return settings.login === 'confirm';
}

/** A lifetime in seconds: the client's own, else the configured one. */
export function lifetimeOf(
  name: keyof Lifetimes,
  client: Client | undefined,
  settings: ProviderSettings,
): number {
  const own: Partial<Record<keyof Lifetimes, number | undefined>> | undefined =
    client && optionsOf(client).lifetimes;
  return own?.[name] ?? settings.lifetimes[name];
}

/** May this browser origin call the endpoints in the name of this client? Its redirect URIs' origins may, and those registered. */
export function originAllowed(origin: string, client: Client): boolean {
  if (optionsOf(client).allowedOrigins?.includes(origin)) return true;
  return (client.redirectUris ?? []).some((uri) => URL.parse(uri)?.origin === origin);
}
