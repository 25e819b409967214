import { Refused, type Scheme } from './refused.ts';

export interface Credentials {
  readonly scheme: Scheme;
  readonly token: string;
}

/** Longer ones are not looked at: every check costs time in proportion. */
export const maxTokenLength = 8192;

const known = /^(bearer|dpop)(?: +(.*))?$/isu;
const token68 = /^[A-Za-z0-9\-._~+/]+=*$/u;

/**
 * The token of an `Authorization` header (RFC 6750 section 2.1, RFC 9449 section 7.1). Tokens in a query or a form are
 * never read: they end up in logs and histories.
 * @returns undefined where there is none, or one of a scheme that is not ours
 * @throws Refused where there is one that can't be a token
 */
export function readCredentials(authorization: string | undefined): Credentials | undefined {
  const [, scheme, token = ''] = known.exec(authorization?.trim() ?? '') ?? [];
  if (scheme === undefined) return undefined;
  if (token.length > maxTokenLength) {
    throw new Refused(
      'invalid_token',
      `The access token is longer than ${maxTokenLength} characters.`,
    );
  }
  if (!token68.test(token)) throw new Refused('invalid_token', 'The access token is malformed.');
  return { scheme: scheme.toLowerCase() === 'dpop' ? 'DPoP' : 'Bearer', token };
}
