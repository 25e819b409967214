import type { Access } from './access.ts';
import { spellingsOf } from './audience.ts';
import type { Credentials } from './credentials.ts';
import { checkBinding } from './dpop.ts';
import { introspection } from './introspect.ts';
import { issuerMetadata, metadataUrlOf } from './issuer.ts';
import { isJwt, verifyJwt } from './jwt.ts';
import { issuerKeys } from './keys.ts';
import type { CheckedOptions } from './options.ts';
import { Refused } from './refused.ts';
import { replayGuard } from './replays.ts';

/** The parts of a request that access hangs on. */
export interface RequestFacts {
  readonly method: string;
  /** As the client asked for it, below the resource's host; a query is not looked at. */
  readonly path: string;
  /** The `Authorization` header; several are joined with a comma, and refused. */
  readonly authorization: string | undefined;
  /** The `DPoP` header, likewise. */
  readonly dpop: string | undefined;
}

/** Verifies what a request brings as its token. The returned function throws Refused. */
export type Verify = (request: RequestFacts, sent: Credentials) => Promise<Access>;

export function verifier(options: CheckedOptions): Verify {
  const { issuer, clock, clockToleranceSeconds: toleranceSeconds } = options;
  const outgoing = { fetch: options.fetch, timeoutMs: options.timeoutMs };
  const metadataUrl = options.metadataUrl ?? metadataUrlOf(issuer);
  const metadata = issuerMetadata({ issuer, metadataUrl, outgoing, clock });
  const checks = { issuer, audience: spellingsOf(options.resource), toleranceSeconds, clock };
  const keys = issuerKeys(metadata, outgoing, clock);
  const jwtChecks = { ...checks, algorithms: options.algorithms, keys };
  const { credentials, always = false, cacheSeconds = 0 } = options.introspection ?? {};
  const introspect =
    credentials && introspection({ ...checks, metadata, outgoing, credentials, cacheSeconds });
  const proofChecks = { toleranceSeconds, clock, isNew: replayGuard(clock) };
  const { origin } = new URL(options.resource);

  async function read(token: string): Promise<Access> {
    if (isJwt(token)) {
      const access = await verifyJwt(token, jwtChecks);
      return introspect && always ? narrower(access, await introspect(token)) : access;
    }
    if (introspect) return introspect(token);
    throw new Refused('invalid_token', 'The access token is not a JWT.');
  }

  return async ({ method, path, dpop: proof }, { scheme, token }) => {
    const access = await read(token);
    const url = `${origin}${pathOf(path)}`;
    await checkBinding(access, { token, scheme, proof, method, url }, proofChecks);
    return access;
  };
}

/** What the issuer says now can take scopes away from a JWT, and give none. */
function narrower(access: Access, now: Access): Access {
  if (now.subject !== access.subject || now.clientId !== access.clientId) {
    throw new Refused('invalid_token', "The issuer knows the access token as somebody else's.");
  }
  return { ...access, scopes: access.scopes.filter((scope) => now.scopes.includes(scope)) };
}

/** Of a request target in either form (RFC 9112 section 3.2), as it was written. */
export function pathOf(target: string): string {
  const [, path = '/'] = /^(?:https?:\/\/[^/?#]*)?([^?#]*)/iu.exec(target) ?? [];
  return path === '' ? '/' : path;
}
