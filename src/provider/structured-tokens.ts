import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { compactVerify, decodeJwt, type JWTPayload } from 'jose';
import Provider, { type AccessToken, type ClientCredentials } from 'oidc-provider';
import type { Clock } from '../clock.ts';
import type { ProviderKeys } from './keys.ts';
import type { Parameters } from './normalise.ts';
import { knownFacts, type RequestFacts } from './request.ts';

/**
 * JWT access tokens (RFC 9068) that we can introspect, revoke and exchange. oidc-provider signs them and forgets them;
 * here each leaves a row under its `jti`, which lives and dies with its Grant as the row of an opaque token does.
 * A `jti` is no credential: its row is found by somebody who presents the whole token only, after its signature
 * was verified.
 */
export function keepStructuredTokens(
  provider: Provider,
  keys: ProviderKeys,
  { issuer, clock }: { readonly issuer: string; readonly clock: Clock },
): void {
  const verify = createVerifier(keys, issuer);
  for (const model of [provider.AccessToken, provider.ClientCredentials]) {
    keepRows(model as unknown as TokenModel, verify, clock);
  }
}

/**
 * oidc-provider turns JWTs away at introspection and revocation before it looks for them. So its parameter becomes
 * the `jti`, and the token itself waits in the request's facts for `find`. Changes `parameters` in place.
 */
export function referStructured(parameters: Parameters, facts: RequestFacts): void {
  const { token } = parameters;
  if (!looksStructured(token)) return;
  const reference = jtiOf(token);
  facts.structured = { reference, jwt: token };
  parameters['token'] = reference;
}

/** Not verified yet. */
function jtiOf(jwt: string): string {
  try {
    const { jti } = decodeJwt(jwt);
    return typeof jti === 'string' && jti !== '' ? jti : 'no-jti';
  } catch {
    return 'no-jwt';
  }
}

/** The JWT that this request's reference stands for; what stands for one is never an opaque token. */
function referredBy(value: unknown): string | undefined {
  const structured = Provider.ctx && knownFacts(Provider.ctx)?.structured;
  return structured?.reference === value ? structured?.jwt : undefined;
}

interface Payload extends Record<string, unknown> {
  readonly jti?: string;
  readonly exp?: number;
}

interface TokenModel {
  readonly IN_PAYLOAD: readonly string[];
  readonly adapter: {
    find(id: string): Promise<Payload | undefined>;
    upsert(id: string, payload: Payload, expiresIn: number): Promise<void>;
  };
  find(value: string, options?: { ignoreExpiration?: boolean }): Promise<unknown>;
  instantiate(payload: Payload): unknown;
  readonly prototype: (AccessToken | ClientCredentials) & Record<string, unknown>;
}

/** In the row of a JWT: oidc-provider then refuses whoever presents the bare `jti` as an opaque token. */
const format = 'jwt';

type Verify = (jwt: string) => Promise<JWTPayload | undefined>;

function keepRows(model: TokenModel, verify: Verify, clock: Clock): void {
  const { save } = model.prototype;
  model.prototype.save = async function saveWithRow(this: typeof model.prototype) {
    const value = await save.call(this);
    if (this['resourceServer'] === undefined || !looksStructured(value)) return value;
    const { jti, iat, exp } = decodeJwt(value);
    const payload = Object.fromEntries(model.IN_PAYLOAD.map((name) => [name, this[name]]));
    const row = { ...payload, jti, iat, exp, format };
    if (jti === undefined || exp === undefined || iat === undefined) {
      throw new Error('a JWT access token without jti or exp');
    }
    await model.adapter.upsert(jti, row as Payload, exp - iat);
    return value;
  };
  const { find } = model;
  model.find = async (value, options) => {
    const jwt = referredBy(value) ?? (looksStructured(value) ? value : undefined);
    if (jwt === undefined) return find.call(model, value, options);
    const claims = await verify(jwt);
    if (!claims?.jti) return undefined;
    const stored = await model.adapter.find(claims.jti);
    if (stored?.['format'] !== format) return undefined;
    const isExpired = (stored.exp ?? 0) <= clock.nowSeconds();
    return isExpired && !options?.ignoreExpiration ? undefined : model.instantiate(stored);
  };
}

/** Parts of which the first begins as JSON does. Opaque tokens have no dots. */
export function looksStructured(value: unknown): value is string {
  return typeof value === 'string' && /^eyJ[\w-]*\./u.test(value);
}

/** Only our own keys, each with its own algorithm, and only what we issue as access tokens (T28). */
function createVerifier({ signing }: ProviderKeys, issuer: string): Verify {
  const byId = new Map<string, { readonly alg: string; readonly key: KeyObject }>(
    signing.map((jwk) => [
      jwk.kid,
      { alg: jwk.alg, key: createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' }) },
    ]),
  );
  return async (jwt) => {
    try {
      const { payload, protectedHeader } = await compactVerify(jwt, ({ kid, alg }) => {
        const known = byId.get(kid ?? '');
        if (!known || known.alg !== alg) throw new Error('not one of our keys');
        return known.key;
      });
      const claims: JWTPayload = JSON.parse(new TextDecoder().decode(payload));
      return protectedHeader.typ === 'at+jwt' && claims.iss === issuer ? claims : undefined;
    } catch {
      return undefined;
    }
  };
}
