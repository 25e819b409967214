import { type Client, errors, type KoaContextWithOIDC } from 'oidc-provider';
import { factsOf, shareOf } from '../access/request.ts';
import { type SecretChecker, TooManyAttempts } from './secrets.ts';

/**
 * Is this the client's secret? A client may send its HTTP Basic credentials form-encoded (RFC 6749 2.3.1) or as they
 * are; where the two readings differ, either may be meant.
 * @throws errors.OIDCProviderError 429 or 503 with Retry-After when too many were wrong or are being checked
 */
export async function secretMatches(
  ctx: KoaContextWithOIDC,
  client: Client,
  presented: string,
  secrets: SecretChecker,
): Promise<boolean> {
  const verifier = client.clientSecret;
  if (verifier === undefined) return false;
  const who = { clientId: client.clientId, peer: await shareOf(factsOf(ctx)) };
  const unencoded = unencodedSecret(ctx.req.headers.authorization);
  try {
    if (await secrets.check(verifier, presented, who)) return true;
    if (unencoded === undefined || unencoded === presented) return false;
    return await secrets.check(verifier, unencoded, who);
  } catch (cause) {
    if (cause instanceof TooManyAttempts) throw later(ctx, cause);
    throw cause;
  }
}

function unencodedSecret(authorization: string | undefined): string | undefined {
  const [scheme = '', credentials = ''] = (authorization ?? '').split(' ');
  if (scheme.toLowerCase() !== 'basic') return undefined;
  const text = Buffer.from(credentials, 'base64').toString('utf8');
  return text.includes(':') ? text.slice(text.indexOf(':') + 1) : undefined;
}

function later(ctx: KoaContextWithOIDC, cause: TooManyAttempts): errors.OIDCProviderError {
  ctx.set('Retry-After', String(Math.ceil(cause.retryAfterSeconds)));
  const error = new errors.TemporarilyUnavailable(
    cause.kind === 'limited'
      ? 'too many wrong client secrets from this address: wait before the next try'
      : 'too many client secrets are being checked at once: try again',
  );
  error.cause = cause;
  error.status = cause.kind === 'limited' ? 429 : 503;
  error.statusCode = error.status;
  return error;
}
