import { createHash } from 'node:crypto';
import {
  type CryptoKey,
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  type JWK,
  SignJWT,
} from 'jose';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createResource, type Resource } from '../../src/resource/resource.ts';
import { bearer, caught } from './caught.ts';
import { instant, resourceUri, startIssuer, type TestIssuer } from './issuer.ts';

let issuer: TestIssuer;
let resource: Resource;
let nowSeconds: number;
let own: { readonly key: CryptoKey; readonly jwk: JWK; readonly jkt: string };

beforeEach(async () => {
  issuer = await startIssuer();
  nowSeconds = instant;
  resource = createResource({
    issuer: issuer.url,
    resource: resourceUri,
    introspection: { credentials: 'peer' },
    clock: () => nowSeconds,
  });
  own = await newKey();
});
afterEach(() => issuer[Symbol.asyncDispose]());

async function newKey(): Promise<typeof own> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(publicKey);
  return { key: privateKey, jwk, jkt: await calculateJwkThumbprint(jwk) };
}

const boundToken = (): Promise<string> => issuer.token({ cnf: { jkt: own.jkt } });

function prove(
  token: string,
  claims: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
): Promise<string> {
  const ath = createHash('sha256').update(token).digest('base64url');
  const usual = { jti: crypto.randomUUID(), htm: 'POST', htu: resourceUri, ath, iat: nowSeconds };
  return new SignJWT({ ...usual, ...claims })
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: own.jwk, ...header })
    .sign(own.key);
}

const send = (token: string, proof: string | undefined, changes: object = {}) =>
  resource.authenticate({
    method: 'POST',
    path: '/mcp',
    authorization: `DPoP ${token}`,
    dpop: proof,
    ...changes,
  });

test('a bound token comes with a proof of its key', async () => {
  const token = await boundToken();
  expect(await send(token, await prove(token))).toMatchObject({ subject: 'userid:1' });
});

test('so does an opaque one, by what the issuer says of it', async () => {
  const answer = { active: true, aud: resourceUri, sub: 'userid:1', client_id: 'c' };
  const cnf = { jkt: own.jkt };
  issuer.known.set('opaque', { ...answer, exp: instant + 60, token_type: 'DPoP', cnf });
  await send('opaque', await prove('opaque'));
  expect((await caught(resource.authenticate(bearer('opaque')))).code).toBe('invalid_token');
});

test('a query makes no difference, on either side', async () => {
  const token = await boundToken();
  const proof = await prove(token, { htu: `${resourceUri}?a=1#b` });
  await send(token, proof, { path: '/mcp?session=2' });
});

test('a bound token is no Bearer token', async () => {
  const error = await caught(resource.authenticate(bearer(await boundToken())));
  expect(error.message).toMatch(/send it as DPoP/);
  expect(error.headers['WWW-Authenticate']).toMatch(/^Bearer .*error="invalid_token"/);
});

test('a Bearer token is no bound token', async () => {
  const token = await issuer.token();
  const error = await caught(send(token, await prove(token)));
  expect(error.message).toMatch(/send it as Bearer/);
});

test.each([[{ 'x5t#S256': 'abc' }], [{ jkt: 7 }], [{}], ['text'], [null]])(
  'bound in another way is refused: %j',
  async (cnf) => {
    const token = await issuer.token({ cnf });
    expect((await caught(send(token, await prove(token)))).code).toBe('invalid_token');
    expect((await caught(resource.authenticate(bearer(token)))).code).toBe('invalid_token');
  },
);

describe('proofs that prove nothing', () => {
  const shapes: [string, Record<string, unknown>, Record<string, unknown>][] = [
    ['for another method', { htm: 'GET' }, {}],
    ['for another path', { htu: `${resourceUri}/other` }, {}],
    ['for another host', { htu: 'https://other.test/mcp' }, {}],
    ['for another scheme', { htu: 'http://mcp.test/mcp' }, {}],
    ['without a URL', { htu: undefined }, {}],
    ['for another token', { ath: 'abc' }, {}],
    ['for no token', { ath: undefined }, {}],
    ['too old', { iat: instant - 70 }, {}],
    ['from the future', { iat: instant + 10 }, {}],
    ['without a time', { iat: undefined }, {}],
    ['without an id', { jti: undefined }, {}],
    ['with an endless id', { jti: 'x'.repeat(300) }, {}],
    ['of another type', {}, { typ: 'JWT' }],
    ['without a key', {}, { jwk: undefined }],
    ['longer than any', { padding: 'x'.repeat(5000) }, {}],
  ];
  test.each(shapes)('%s', async (_name, claims, header) => {
    const token = await boundToken();
    const error = await caught(send(token, await prove(token, claims, header)));
    expect(error).toMatchObject({ code: 'invalid_dpop_proof', status: 401 });
    expect(error.headers['WWW-Authenticate']).toMatch(
      /^DPoP resource_metadata="[^"]+", error="invalid_dpop_proof".*algs="ES256 Ed25519 EdDSA"$/,
    );
  });

  test('none, two of them, nonsense', async () => {
    const token = await boundToken();
    const proof = await prove(token);
    for (const sent of [undefined, `${proof}, ${proof}`, 'abc', '']) {
      expect((await caught(send(token, sent))).code).toBe('invalid_dpop_proof');
    }
  });

  test('T28 made with another key, or with one that is private or symmetric', async () => {
    const token = await boundToken();
    const bound = own;
    own = await newKey();
    expect((await caught(send(token, await prove(token)))).message).toMatch(/another key/);
    const lent = await prove(token, {}, { jwk: bound.jwk });
    expect((await caught(send(token, lent))).code).toBe('invalid_dpop_proof');
    own = bound;
    const { d = 'AAAA' } = await exportJWK(bound.key);
    const open = await prove(token, {}, { jwk: { ...bound.jwk, d } });
    expect((await caught(send(token, open))).code).toBe('invalid_dpop_proof');
    const symmetric = await prove(token, {}, { jwk: { kty: 'oct', k: 'AAAA' } });
    expect((await caught(send(token, symmetric))).code).toBe('invalid_dpop_proof');
  });

  test('used before', async () => {
    const token = await boundToken();
    const proof = await prove(token);
    const outcomes = await Promise.allSettled([send(token, proof), send(token, proof)]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    nowSeconds += 64;
    expect((await caught(send(token, proof))).message).toMatch(/used before/);
    nowSeconds += 20;
    expect((await caught(send(token, proof))).message).toMatch(/too old/);
  });
});
