import { createHash } from 'node:crypto';
import { type Access, type Claims, readAccess } from './access.ts';
import { isAudience } from './audience.ts';
import type { IssuerMetadata } from './issuer.ts';
import { askJson, type Outgoing } from './outgoing.ts';
import { issuerAway, Refused } from './refused.ts';
import type { Renewed } from './renewed.ts';

/**
 * Who asks the introspection endpoint: a client with its secret, or this machine itself (`peer`): a node of the tailnet
 * proves who it is by its connection, and the tailnet policy's grant says whose tokens it may see. No secret then.
 */
export type IntrospectionCredentials =
  | 'peer'
  | { readonly clientId: string; readonly clientSecret: string };

export interface IntrospectChecks {
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly metadata: Renewed<IssuerMetadata>;
  readonly outgoing: Outgoing;
  readonly credentials: IntrospectionCredentials;
  /** 0: every request asks. */
  readonly cacheSeconds: number;
  readonly toleranceSeconds: number;
  readonly clock: () => number;
}

const maxKept = 1000;

/** Asks the issuer about each token (RFC 7662). The returned function throws Refused. */
export function introspection(checks: IntrospectChecks): (token: string) => Promise<Access> {
  const kept = new Map<string, { readonly access: Access; readonly at: number }>();
  const { cacheSeconds, clock } = checks;

  return async (token) => {
    if (cacheSeconds === 0) return ask(token, checks);
    const key = createHash('sha256').update(token).digest('base64url');
    const known = kept.get(key);
    const now = clock();
    // not from before the clock was set back: nobody knows how old that is
    if (
      known &&
      now >= known.at &&
      now < Math.min(known.at + cacheSeconds, known.access.expiresAt)
    ) {
      return known.access;
    }
    const access = await ask(token, checks);
    kept.delete(key);
    const [oldest] = kept.keys();
    if (kept.size >= maxKept && oldest !== undefined) kept.delete(oldest);
    kept.set(key, { access, at: clock() });
    return access;
  };
}

async function ask(token: string, checks: IntrospectChecks): Promise<Access> {
  const answer = await post(token, checks).catch((cause: unknown) => {
    throw issuerAway(cause);
  });
  if (answer['active'] !== true) {
    throw new Refused('invalid_token', 'The access token is unknown, expired or revoked.');
  }
  return readAnswer(answer, checks);
}

async function post(
  token: string,
  { metadata, outgoing, credentials }: IntrospectChecks,
): Promise<Claims> {
  const { introspectionUrl } = await metadata.get();
  if (introspectionUrl === undefined) throw new Error('the issuer has no introspection endpoint');
  return askJson(introspectionUrl, outgoing, {
    method: 'POST',
    headers: credentials === 'peer' ? {} : { Authorization: basic(credentials) },
    body: new URLSearchParams({ token, token_type_hint: 'access_token' }),
  });
}

/** RFC 6749 section 2.3.1: both parts form-encoded. */
function basic({ clientId, clientSecret }: { clientId: string; clientSecret: string }): string {
  const [id, secret] = [clientId, clientSecret].map((part) =>
    new URLSearchParams({ part }).toString().slice('part='.length),
  );
  return `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
}

/** An answer is believed for this resource only: an issuer may tell us of tokens for others. */
function readAnswer(answer: Claims, checks: IntrospectChecks): Access {
  const nowSeconds = checks.clock();
  const { iss, aud, iat, nbf, token_type: type } = answer;
  if (iss !== undefined && iss !== checks.issuer) {
    throw new Refused('invalid_token', 'The access token is from another issuer.');
  }
  if (!isAudience(aud, checks.audience)) {
    throw new Refused('invalid_token', 'The access token is for another resource.');
  }
  // refresh tokens are described without a type
  if (typeof type !== 'string' || !/^(?:bearer|dpop)$/iu.test(type)) {
    throw new Refused('invalid_token', 'The token is not an access token.');
  }
  if (typeof nbf === 'number' && nbf > nowSeconds + checks.toleranceSeconds) {
    throw new Refused('invalid_token', 'The access token is not valid yet.');
  }
  if (typeof iat === 'number' && iat > nowSeconds + checks.toleranceSeconds) {
    throw new Refused('invalid_token', 'The access token was issued in the future.');
  }
  const access = readAccess(answer);
  if (!access)
    throw new Refused('invalid_token', 'The issuer says too little about the access token.');
  if (access.expiresAt <= nowSeconds - checks.toleranceSeconds) {
    throw new Refused('invalid_token', 'The access token expired.');
  }
  return access;
}
