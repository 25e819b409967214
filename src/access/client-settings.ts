import type { Client, KoaContextWithOIDC } from 'oidc-provider';
import { isNativeRedirect } from '../protocol/redirect-uri.ts';
import type { Lifetimes, ProviderSettings } from './settings.ts';

/** Our own members of a client's metadata; oidc-provider passes them through (`extraClientMetadata`). */
export const ownClientMetadata = [
  'tsidp_login',
  'tsidp_scopes',
  'tsidp_allowed_origins',
  'tsidp_lifetimes',
  'tsidp_access',
  'tsidp_requires',
  'tsidp_claims',
  'tsidp_source',
  'tsidp_dynamic',
  'tsidp_redirects_digest',
  'tsidp_peer',
  'tsidp_may_act',
  'tsidp_approved',
  'tsidp_quarantined',
] as const;

/** The scopes a client may ask for; undefined for all. Others are dropped, not refused. */
export function scopesOf(client: Client): ReadonlySet<string> | undefined {
  const scopes = client['tsidp_scopes'];
  return Array.isArray(scopes) ? new Set(scopes) : undefined;
}

/**
 * Does this request need the person's click? By the client's setting, else: public clients that are called back
 * on the device itself are confirmed, because any process on it could be them (RFC 8252 8.6).
 */
export function needsConfirmation(ctx: KoaContextWithOIDC, settings: ProviderSettings): boolean {
  const { client, params } = ctx.oidc;
  const setting = client?.['tsidp_login'];
  if (setting === 'confirm' || setting === 'clickless') return setting === 'confirm';
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
  const own = client?.['tsidp_lifetimes'] as Partial<Lifetimes> | undefined;
  return own?.[name] ?? settings.lifetimes[name];
}

/** May this browser origin call the endpoints in the name of this client? Its redirect URIs' origins may, and those registered. */
export function originAllowed(origin: string, client: Client): boolean {
  const extra = client['tsidp_allowed_origins'];
  if (Array.isArray(extra) && extra.includes(origin)) return true;
  return (client.redirectUris ?? []).some((uri) => URL.parse(uri)?.origin === origin);
}
