import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { json } from '../../world/app.ts';
import { Browser } from '../../world/browser.ts';
import { startWorld, type World } from '../../world/world.ts';

const openid = '/.well-known/openid-configuration';
const oauth = '/.well-known/oauth-authorization-server';
const jwks = '/.well-known/jwks.json';

describe('discovery', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const open = (path: string, method = 'GET', headers: Record<string, string> = {}) =>
    new Browser().open(`${world.issuer}${path}`, { method, headers });
  const document = async () => json(await open(openid));

  test('oidcc-config: both documents say the same, as JSON whatever Accept says', async () => {
    const first = await open(openid, 'GET', { accept: 'text/html' });
    const second = await open(oauth);
    expect(first.status).toBe(200);
    expect(first.headers['content-type']).toMatch(/^application\/json/);
    expect(json(second)).toEqual(json(first));
  });

  test('issuer is exact and the endpoints are where tsidp has them', async () => {
    const { issuer } = world;
    expect(await document()).toMatchObject({
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      userinfo_endpoint: `${issuer}/userinfo`,
      introspection_endpoint: `${issuer}/introspect`,
      revocation_endpoint: `${issuer}/revoke`,
      end_session_endpoint: `${issuer}/logout`,
      device_authorization_endpoint: `${issuer}/device_authorization`,
      jwks_uri: `${issuer}${jwks}`,
    });
  });

  test('what is offered is what the endpoints do, and nothing weaker', async () => {
    const metadata = await document();
    expect(metadata).toMatchObject({
      authorization_response_iss_parameter_supported: true,
      claims_parameter_supported: true,
      code_challenge_methods_supported: ['S256'],
      grant_types_supported: [
        'authorization_code',
        'refresh_token',
        'urn:ietf:params:oauth:grant-type:device_code',
        'client_credentials',
        'urn:ietf:params:oauth:grant-type:token-exchange',
      ],
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
    });
    expect(metadata['response_modes_supported']).toEqual(
      expect.arrayContaining(['query', 'fragment', 'form_post']),
    );
    expect(sorted(metadata['id_token_signing_alg_values_supported'])).toEqual([
      'ES256',
      'EdDSA',
      'RS256',
    ]);
    expect(sorted(metadata['token_endpoint_auth_methods_supported'])).toEqual([
      'client_secret_basic',
      'client_secret_post',
      'none',
      'private_key_jwt',
    ]);
    // clients that know the registered methods as an enumeration refuse a document with another one among them
    expect(metadata['tsidp_token_endpoint_auth_methods_supported']).toEqual(['tailnet_peer']);
    expect(sorted(metadata['scopes_supported'])).toEqual(
      sorted(['openid', 'profile', 'email', 'groups', 'offline_access']),
    );
    expect(sorted(metadata['claims_supported'])).toEqual(
      sorted([
        ...['sub', 'name', 'username', 'preferred_username', 'picture', 'email', 'email_verified'],
        ...['groups', 'key', 'addresses', 'nid', 'node', 'tailnet', 'tags', 'uid'],
        ...['acr', 'auth_time', 'iss'],
      ]),
    );
    for (const absent of ['request', 'request_uri']) {
      expect(metadata[`${absent}_parameter_supported`] ?? false).toBe(false);
    }
    expect(metadata['registration_endpoint']).toBe(`${world.issuer}/register`);
  });

  test('every key has kid, alg and use, and no private member', async () => {
    const { keys } = json(await open(jwks)) as { keys: Record<string, unknown>[] };
    expect(keys.map(({ alg }) => alg).sort()).toEqual(['ES256', 'EdDSA', 'RS256']);
    for (const key of keys) {
      expect(key).toMatchObject({ kid: expect.stringMatching(/.+/), use: 'sig' });
      for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']) {
        expect(key).not.toHaveProperty(secret);
      }
    }
    expect(new Set(keys.map(({ kid }) => kid)).size).toBe(keys.length);
  });

  test.each([openid, oauth, jwks])('%s: CORS is the same for every caller', async (path) => {
    const anonymous = await open(path);
    const one = await open(path, 'GET', { origin: 'https://one.example' });
    const other = await open(path, 'GET', { origin: 'https://other.example' });
    for (const answer of [anonymous, one, other]) {
      expect(answer.headers['access-control-allow-origin']).toBe('*');
      expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
    }
    expect(one.headers).toEqual({ ...anonymous.headers, date: expect.any(String) });
  });

  test.each([openid, oauth, jwks])('%s: preflight with MCP-Protocol-Version', async (path) => {
    const answer = await open(path, 'OPTIONS', {
      origin: 'https://inspector.example',
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'MCP-Protocol-Version',
    });
    expect(answer.status).toBeLessThan(300);
    expect(answer.headers['access-control-allow-origin']).toBe('https://inspector.example');
    const { 'access-control-allow-headers': allowed = '' } = answer.headers;
    expect(String(allowed)).toMatch(/^\*$|mcp-protocol-version/i);
    expect(String(answer.headers['access-control-allow-methods'])).toContain('GET');
  });

  test.each([openid, oauth, jwks])('%s: HEAD is GET without a body', async (path) => {
    const get = await open(path);
    const head = await open(path, 'HEAD');
    expect(head).toMatchObject({ status: 200, body: '' });
    expect(head.headers['content-length']).toBe(String(Buffer.byteLength(get.body)));
  });

  test.each([
    `${openid}/tenant`,
    `/tenant${openid}`,
    `${oauth}/mcp`,
    `${openid}/`,
    `/${openid}`,
    openid.toUpperCase(),
    '/.well-known/OpenID-configuration',
    '/Authorize',
    '/authorize/',
    '//authorize',
    '/token/',
    '/TOKEN',
    '/register/',
    '/register/a/b',
    '/Register',
    '/.well-known/oauth-protected-resource',
    '/.well-known/webfinger',
    '/interaction',
    '/interaction/a/b',
    '/jwks',
    '/token%2f',
    '/%74oken',
  ])('%s is nothing: 404, no redirect', async (path) => {
    for (const method of ['GET', 'POST']) {
      const answer = await open(path, method);
      expect(answer.status, method).toBe(404);
      expect(answer.location, method).toBeUndefined();
    }
  });

  test.each([
    ['/token', 'GET', 'POST, OPTIONS'],
    ['/introspect', 'GET', 'POST, OPTIONS'],
    ['/revoke', 'PUT', 'POST, OPTIONS'],
    ['/userinfo', 'DELETE', 'GET, HEAD, POST, OPTIONS'],
    ['/authorize', 'PUT', 'GET, HEAD, POST'],
    ['/logout/confirm', 'GET', 'POST'],
    [openid, 'POST', 'GET, HEAD, OPTIONS'],
    [jwks, 'PATCH', 'GET, HEAD, OPTIONS'],
    ['/healthz', 'POST', 'GET, HEAD'],
    ['/', 'TRACE', 'GET, HEAD'],
  ])('%s refuses %s with 405 and Allow', async (path, method, allow) => {
    const answer = await open(path, method);
    expect(answer.status).toBe(405);
    expect(answer.headers['allow']).toBe(allow);
  });
});

function sorted(values: unknown): unknown[] {
  return Array.isArray(values) ? [...values].sort() : [];
}
