import { AccessError, type AccessErrorCode } from './access-error.ts';
import { dpopAlgorithms } from './dpop.ts';
import type { Scheme } from './refused.ts';

export interface Challenge {
  readonly scheme: Scheme;
  readonly metadataUrl: string;
  readonly code: AccessErrorCode;
  readonly description: string;
  /** What the client should ask for; empty: it decides by the metadata. */
  readonly scopes: readonly string[];
  readonly cause?: unknown;
}

/** `WWW-Authenticate` (RFC 6750 section 3, RFC 9728 section 5.1) and the answer around it. */
export function challengeError(challenge: Challenge): AccessError {
  const { code, description, scheme, metadataUrl, scopes, cause } = challenge;
  if (code === 'issuer_unavailable') return new AccessError(code, description, { cause });
  const parameters = [
    ['resource_metadata', metadataUrl],
    // RFC 6750 section 3.1: a request without a token is told no error
    ...(code === 'no_token'
      ? []
      : [['error', code] as const, ['error_description', description] as const]),
    ...(scopes.length === 0 ? [] : [['scope', scopes.join(' ')] as const]),
    ...(scheme === 'DPoP' ? [['algs', dpopAlgorithms.join(' ')] as const] : []),
  ].map(([name, value]) => `${name}="${value}"`);
  return new AccessError(code, description, {
    challenge: `${scheme} ${parameters.join(', ')}`,
    cause,
  });
}
