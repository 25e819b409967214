import Provider, { type Client, errors, type KoaContextWithOIDC } from 'oidc-provider';
import instance from 'oidc-provider/lib/helpers/weak_cache.js';
import { isFapi2, isForIssuerAlone } from '../access/client-security.ts';
import type { ProviderSettings } from '../access/settings.ts';
import { isCanonicalJws } from '../protocol/jws.ts';

/**
 * `private_key_jwt` (RFC 7523 section 3, OpenID Connect Core 9): what we ask of a client's assertion beyond
 * oidc-provider, which checks signature, issuer, audience, times, and that its `jti` was not used before.
 */

/** How much the clock of a client's machine may be off. */
export const assertionToleranceSeconds = 30;

/** Each is remembered until it ends, so that it is used once: an end in a hundred years would stay that long. */
const maxLifeSeconds = 3600;

interface Assertion {
  readonly claims: Readonly<Record<string, unknown>>;
  readonly header: Readonly<Record<string, unknown>>;
  readonly client: Client;
}

const accepted = new WeakSet<KoaContextWithOIDC['oidc']>();

/** oidc-provider's hook `assertJwtClientAuthClaimsAndHeader`, called for an assertion whose signature is good. */
export function checkAssertion(
  ctx: KoaContextWithOIDC,
  { claims, header, client }: Assertion,
  { clock, issuer }: Pick<ProviderSettings, 'clock' | 'issuer'>,
): void {
  const now = clock.nowSeconds();
  const { exp, iat } = claims;
  if (!isCanonicalJws(String(ctx.oidc.params?.['client_assertion']))) {
    throw refuse('client_assertion is not the compact serialization of a JWS');
  }
  if (!(Number(exp) <= now + maxLifeSeconds + assertionToleranceSeconds)) {
    throw refuse('client_assertion must expire within an hour');
  }
  if (iat !== undefined && !(Number(iat) <= now + assertionToleranceSeconds)) {
    throw refuse('client_assertion is issued in the future');
  }
  if (claims['aud'] !== issuer && isForIssuerAlone(client)) {
    throw refuse('audience (aud) must be the issuer identifier, as one string');
  }
  // FAPI 2.0 Security Profile section 5.4.1
  if (header['alg'] === 'RS256' && isFapi2(client)) {
    throw refuse('client_assertion must be signed with PS256, ES256 or EdDSA');
  }
  accepted.add(ctx.oidc);
}

function refuse(detail: string): errors.InvalidClientAuth {
  return new errors.InvalidClientAuth(detail);
}

/**
 * Allows for the clocks of clients' machines while their assertions are checked, and at no other time. oidc-provider
 * has one tolerance for all, and what we issue expires exactly; so its setting becomes a question here.
 */
export function patchClockTolerance(provider: Provider): void {
  const { configuration } = instance(provider);
  const { clockTolerance } = configuration;
  Object.defineProperty(configuration, 'clockTolerance', {
    get: () => (isCheckingAssertion() ? assertionToleranceSeconds : clockTolerance),
  });
}

function isCheckingAssertion(): boolean {
  const oidc = Provider.ctx?.oidc;
  if (oidc === undefined || typeof oidc.params?.['client_assertion'] !== 'string') return false;
  return isAssertionClient(oidc.client) && !accepted.has(oidc);
}

const isAssertionClient = (client: Client | undefined): boolean =>
  client?.clientAuthMethod === 'private_key_jwt';
