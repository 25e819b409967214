import type { Client, RefreshToken } from 'oidc-provider';
import { maxFapiCodeSeconds } from '../config/client-security.ts';
import { lifetimeOf, optionsOf } from './client-settings.ts';
import { isSelfRegistered } from './self-registered.ts';
import type { ProviderSettings } from './settings.ts';

/** What is demanded of a client beyond what all have to do (`config/client-security.ts`). */

/**
 * Is it held to the FAPI 2.0 Security Profile? An operator says so; a client that registers itself by naming all that
 * RFC 7591 metadata can say of it: pushed requests, bound tokens, assertions.
 */
export function isFapi2(client: Client): boolean {
  if (optionsOf(client).profile === 'fapi2') return true;
  return (
    isSelfRegistered(client) &&
    client['requirePushedAuthorizationRequests'] === true &&
    client['dpopBoundAccessTokens'] === true &&
    client.clientAuthMethod === 'private_key_jwt'
  );
}

export function needsPkce(client: Client): boolean {
  return (
    client.clientAuthMethod === 'none' || optionsOf(client).requirePkce === true || isFapi2(client)
  );
}

/** Must its assertions be for the issuer alone (draft-ietf-oauth-rfc7523bis)? */
export function isForIssuerAlone(client: Client): boolean {
  return optionsOf(client).assertionAudience === 'issuer' || isFapi2(client);
}

/**
 * Is this refresh token used up by its use? Where it is not, nothing tells a thief from the app but what the token is
 * bound to (RFC 9700 section 4.14.2): a key of a public client, or the credentials of others.
 */
export function rotates(client: Client, token: RefreshToken): boolean {
  const isKept = optionsOf(client).rotateRefreshTokens === false || isFapi2(client);
  return !isKept || (client.clientAuthMethod === 'none' && !token.isSenderConstrained());
}

/** How long a code of this client lives (FAPI 2.0 Security Profile section 5.3.2.1). */
export function codeSecondsOf(client: Client | undefined, settings: ProviderSettings): number {
  const seconds = lifetimeOf('codeSeconds', client, settings);
  return client && isFapi2(client) ? Math.min(seconds, maxFapiCodeSeconds) : seconds;
}
