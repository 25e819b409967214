import { createHmac } from 'node:crypto';
import {
  base64url,
  type CryptoKey,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  importJWK,
  SignJWT,
} from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createResource, type Resource } from '../../src/resource/resource.ts';
import { bearer, caught } from './caught.ts';
import { instant, resourceUri, startIssuer, type TestIssuer } from './issuer.ts';

let issuer: TestIssuer;
let resource: Resource;

beforeAll(async () => {
  issuer = await startIssuer();
  resource = createResource({ issuer: issuer.url, resource: resourceUri, clock: () => instant });
});
afterAll(() => issuer[Symbol.asyncDispose]());

const metadataUrl = 'https://mcp.test/.well-known/oauth-protected-resource/mcp';
const part = (value: object): string => base64url.encode(JSON.stringify(value));

test('a good token says who asks', async () => {
  const token = await issuer.token({
    scope: 'read_file  run_code read_file',
    email: 'alice@example.com',
    act: { sub: 'node:nAgent', client_id: 'agent', act: { sub: 'userid:7' } },
  });
  expect(await resource.authenticate(bearer(token))).toMatchObject({
    subject: 'userid:1',
    clientId: 'inspector',
    scopes: ['read_file', 'run_code'],
    actors: [
      { subject: 'node:nAgent', claims: { sub: 'node:nAgent', client_id: 'agent' } },
      { subject: 'userid:7', claims: { sub: 'userid:7' } },
    ],
    expiresAt: instant + 890,
    claims: { email: 'alice@example.com' },
  });
});

describe('tokens that are taken', () => {
  const shapes: [string, Record<string, unknown>, Record<string, unknown>][] = [
    ['one of several audiences', { aud: ['https://other.test', resourceUri] }, {}],
    ['the long form of the type', {}, { typ: 'application/at+jwt' }],
    ['no scope at all', { scope: undefined }, {}],
    ['issued a moment ahead of our clock', { iat: instant + 4 }, {}],
    ['expired a moment ago', { exp: instant - 4 }, {}],
  ];
  test.each(shapes)('%s', async (_name, claims, header) => {
    const token = await issuer.token(claims, header);
    await expect(resource.authenticate(bearer(token))).resolves.toHaveProperty('subject');
  });
});

describe('tokens that are refused', () => {
  const shapes: [string, Record<string, unknown>, Record<string, unknown>, RegExp][] = [
    ['of a foreign issuer', { iss: 'https://evil.test' }, {}, /another issuer/],
    ['without an issuer', { iss: undefined }, {}, /another issuer/],
    ['T05 T06 for another resource', { aud: 'https://other.test/mcp' }, {}, /another resource/],
    ['T05 T06 for the path above', { aud: 'https://mcp.test' }, {}, /another resource/],
    ['T05 T06 for the path with a slash', { aud: `${resourceUri}/` }, {}, /another resource/],
    ['T05 T06 for the path below', { aud: `${resourceUri}/x` }, {}, /another resource/],
    ['T05 T06 for a list of others', { aud: ['https://mcp.test'] }, {}, /another resource/],
    ['T05 T06 for nobody', { aud: undefined }, {}, /another resource/],
    ['T05 T06 for an object', { aud: { 0: resourceUri } }, {}, /another resource/],
    ['an ID token', {}, { typ: 'JWT' }, /not an access token/],
    ['a logout token', {}, { typ: 'logout+jwt' }, /not an access token/],
    ['without a type', {}, { typ: undefined }, /not an access token/],
    ['expired', { exp: instant - 6 }, {}, /expired/],
    ['without an end', { exp: undefined }, {}, /claim/],
    ['whose end is text', { exp: '2000000000' }, {}, /claim/],
    ['not valid yet', { nbf: instant + 6 }, {}, /not valid yet/],
    ['issued in the future', { iat: instant + 6 }, {}, /future/],
    ['without iat', { iat: undefined }, {}, /claim/],
    ['without sub', { sub: undefined }, {}, /claim/],
    ['with an empty sub', { sub: '' }, {}, /wrong types/],
    ['with a number as sub', { sub: 1 }, {}, /wrong types/],
    ['without client_id', { client_id: undefined }, {}, /claim/],
    ['without jti', { jti: undefined }, {}, /claim/],
    ['with a list as scope', { scope: ['read_file'] }, {}, /wrong types/],
    ['with an actor without name', { act: { client_id: 'x' } }, {}, /wrong types/],
    ['with an actor that is text', { act: 'userid:7' }, {}, /wrong types/],
    ['with a nested actor that is null', { act: { sub: 'a', act: null } }, {}, /wrong types/],
    ['with actors without end', { act: nested(20) }, {}, /wrong types/],
    ['of an unknown key', {}, { kid: 'unknown' }, /key that the issuer does not have/],
    ['with a critical extension', {}, { crit: ['x'], x: 1 }, /malformed|wrong/],
  ];
  test.each(shapes)('%s', async (_name, claims, header, reason) => {
    const token = await signedAnyway(claims, header);
    const error = await caught(resource.authenticate(bearer(token)));
    expect(error).toMatchObject({ code: 'invalid_token', status: 401 });
    expect(error.message).toMatch(reason);
    expect(error.headers['WWW-Authenticate']).toBe(
      `Bearer resource_metadata="${metadataUrl}", error="invalid_token", error_description="${error.message}"`,
    );
    expect(error.headers['WWW-Authenticate']).not.toContain(token);
  });
});

test('the issuer is compared byte by byte', async () => {
  const token = await issuer.token({ iss: `${issuer.url}/` });
  const error = await caught(resource.authenticate(bearer(token)));
  expect(error.message).toMatch(/another issuer/);
});

function nested(depth: number): object {
  return depth === 0 ? { sub: 'x' } : { sub: 'x', act: nested(depth - 1) };
}

/** jose itself does not sign unknown critical extensions. */
async function signedAnyway(
  claims: Record<string, unknown>,
  header: Record<string, unknown>,
): Promise<string> {
  if (!header['crit']) return issuer.token(claims, header);
  const [, payload, signature] = (await issuer.token(claims)).split('.');
  return `${part({ alg: 'ES256', typ: 'at+jwt', ...header })}.${payload}.${signature}`;
}

describe('T28 algorithms and keys that are not ours', () => {
  const refused = async (token: string): Promise<void> => {
    const error = await caught(resource.authenticate(bearer(token)));
    expect(error.code).toBe('invalid_token');
  };

  test('T28 alg none, with and without a signature', async () => {
    const [, payload, signature] = (await issuer.token()).split('.');
    for (const alg of ['none', 'None', 'nOnE']) {
      await refused(`${part({ alg, typ: 'at+jwt' })}.${payload}.`);
      await refused(`${part({ alg, typ: 'at+jwt' })}.${payload}.${signature}`);
    }
  });

  test('T28 HS256 with the public key as secret', async () => {
    const jwk = await issuer.rotate('RS256');
    const token = await issuer.token();
    await resource.authenticate(bearer(token)).catch(() => {});
    const spki = await exportSPKI((await importJWK({ ...jwk, ext: true }, 'RS256')) as CryptoKey);
    const header = part({ alg: 'HS256', typ: 'at+jwt', kid: jwk.kid });
    const input = `${header}.${token.split('.')[1]}`;
    for (const secret of [spki, spki.trim(), JSON.stringify(jwk)]) {
      const mac = createHmac('sha256', secret).update(input).digest('base64url');
      await refused(`${input}.${mac}`);
    }
    await issuer.rotate('ES256');
  });

  test('T28 a key that the header brings along', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const jwk = await exportJWK(publicKey);
    const payload = JSON.parse(
      Buffer.from((await issuer.token()).split('.')[1] ?? '', 'base64url').toString(),
    );
    for (const extra of [{ jwk }, { jku: 'https://evil.test/jwks' }, { kid: 'mine', jwk }]) {
      const header = { alg: 'ES256', typ: 'at+jwt', ...extra };
      await refused(await new SignJWT(payload).setProtectedHeader(header).sign(privateKey));
    }
  });

  test('T28 an algorithm that this resource does not want', async () => {
    const options = { issuer: issuer.url, resource: resourceUri, clock: () => instant };
    const strict = createResource({ ...options, algorithms: ['RS256'] });
    const error = await caught(strict.authenticate(bearer(await issuer.token())));
    expect(error.message).toMatch(/signed in a way/);
  });

  test.each(['RS256', 'ES256', 'EdDSA'])('%s is fine', async (alg) => {
    await using own = await startIssuer();
    await own.rotate(alg);
    const open = createResource({
      issuer: own.url,
      resource: resourceUri,
      clock: () => instant,
    });
    await open.authenticate(bearer(await own.token()));
  });

  test('T11 every part changed by one character', async () => {
    const token = await issuer.token();
    await using own = await startIssuer();
    for (const [index, text] of token.split('.').entries()) {
      const at = Math.floor(text.length / 2);
      const changed = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
      const parts = token.split('.');
      parts[index] = changed;
      await refused(parts.join('.'));
    }
    await refused(await own.token({ iss: issuer.url }));
    await refused(`${token}.`);
    await refused(token.slice(0, -1));
  });
});

test('the slash after a host alone makes no difference, whoever writes it', async () => {
  for (const [own, aud] of [
    ['https://mcp.test', 'https://mcp.test/'],
    ['https://mcp.test/', 'https://mcp.test'],
    ['https://mcp.test:8443', 'https://mcp.test:8443/'],
  ] as const) {
    const root = createResource({ issuer: issuer.url, resource: own, clock: () => instant });
    const token = await issuer.token({ aud });
    await expect(root.authenticate(bearer(token))).resolves.toHaveProperty('subject');
    expect(root.metadata['resource']).toBe(own);
    expect(new URL(root.metadataUrl).pathname).toBe('/.well-known/oauth-protected-resource');
  }
});
