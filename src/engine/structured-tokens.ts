import { randomUUID } from 'node:crypto';
import { decodeJwt } from 'jose';
import Provider, { type AccessToken, type ClientCredentials } from 'oidc-provider';
import { knownFacts, type RequestFacts } from '../access/request.ts';
import type { Clock } from '../clock.ts';
import type { Parameters } from '../protocol/parameters.ts';
import type { ReadOwnJwt } from '../tokens/own-jwt.ts';

export interface StructuredTokenParts {
  readonly readJwt: ReadOwnJwt;
  readonly settings: { readonly clock: Clock };
}

/**
 * JWT access tokens (RFC 9068) that we can introspect, revoke and exchange. oidc-provider signs them and forgets them;
 * here each leaves a row under its `jti`, which lives and dies with its Grant as the row of an opaque token does.
 * A `jti` is no credential: its row is found by somebody who presents the whole token only, after its signature
 * was verified.
 */
export function patchStructuredTokens(
  provider: Provider,
  { readJwt, settings }: StructuredTokenParts,
): void {
  for (const model of [provider.AccessToken, provider.ClientCredentials]) {
    keepRows(model as unknown as TokenModel, readJwt, settings.clock);
  }
}

/**
 * oidc-provider turns JWTs away at introspection and revocation before it looks for them. So its parameter becomes
 * a reference, and the token itself waits in the request's facts for `find`. Changes `parameters` in place.
 */
export function referStructured(parameters: Parameters, facts: RequestFacts): void {
  const { token } = parameters;
  if (!looksStructured(token)) return;
  // no token has a dot: what is not verified yet must not lead to any other one
  const reference = `jwt.${randomUUID()}`;
  facts.structured = { reference, jwt: token };
  parameters['token'] = reference;
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

function keepRows(model: TokenModel, read: ReadOwnJwt, clock: Clock): void {
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
    const token = await read(jwt);
    if (token?.type !== 'at+jwt' || !token.claims.jti) return undefined;
    const stored = await model.adapter.find(token.claims.jti);
    if (stored?.['format'] !== format) return undefined;
    const isExpired = (stored.exp ?? 0) <= clock.nowSeconds();
    return isExpired && !options?.ignoreExpiration ? undefined : model.instantiate(stored);
  };
}

/** Parts of which the first begins as JSON does. Opaque tokens have no dots. */
export function looksStructured(value: unknown): value is string {
  return typeof value === 'string' && /^eyJ[\w-]*\./u.test(value);
}
