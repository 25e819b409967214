import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readMetadataDocument, redirectsDigest } from '../../src/protocol/metadata-document.ts';

const url = 'https://agent.example/client.json';
const good = {
  client_id: url,
  client_name: 'Agent',
  redirect_uris: ['http://localhost/callback', 'https://agent.example/cb'],
};
const publicKey = (type: 'P-256' | 'P-384') =>
  generateKeyPairSync('ec', { namedCurve: type }).publicKey.export({ format: 'jwk' });
const key = { ...publicKey('P-256'), kid: '1' };

const read = (document: unknown) =>
  readMetadataDocument(url, typeof document === 'string' ? document : JSON.stringify(document));
const metadataOf = (document: object): Readonly<Record<string, unknown>> => {
  const result = read({ ...good, ...document });
  if (!result.ok) throw new Error(result.reason);
  return result.metadata;
};
const reasonOf = (document: unknown): string => {
  const result = read(document);
  return result.ok ? 'accepted' : result.reason;
};

describe('a metadata document', () => {
  it('is a public client without more', () => {
    expect(metadataOf({})).toMatchObject({
      client_name: 'Agent',
      redirect_uris: good.redirect_uris,
      token_endpoint_auth_method: 'none',
      response_types: ['code'],
    });
  });

  it.each([
    [{ token_endpoint_auth_method: 'none' }, 'none'],
    [{ token_endpoint_auth_method: ['private_key_jwt', 'none'] }, 'none'],
    [{ token_endpoint_auth_methods_supported: ['private_key_jwt', 'none'] }, 'none'],
    [{ token_endpoint_auth_methods_supported: ['none'], jwks: { keys: [key] } }, 'none'],
    [{ jwks: { keys: [key] } }, 'private_key_jwt'],
    [{ token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [key] } }, 'private_key_jwt'],
    [{ jwks_uri: 'https://agent.example/jwks' }, 'private_key_jwt'],
  ])('authenticates as it says: %j', (members, method) => {
    expect(metadataOf(members)['token_endpoint_auth_method']).toBe(method);
  });

  it('brings nothing but what is known', () => {
    const metadata = metadataOf({
      tsidp: { approved: true, source: 'config' },
      tsidp_source: 'config',
      tsidp_login: 'clickless',
      tsidp_approved: true,
      tsidp_access: 'open',
      tsidp_redirects_digest: 'mine',
      sector_identifier_uri: 'https://10.0.0.1/',
      backchannel_logout_uri: 'https://10.0.0.1/',
      subject_type: 'pairwise',
      logo_uri: 'https://10.0.0.1/logo.svg',
      software_statement: 'a.b.c',
      id_token_encrypted_response_alg: 'dir',
      request_object_signing_alg: 'none',
      tls_client_auth_subject_dn: 'CN=anybody',
      registration_access_token: 'x',
      ['__proto__']: { admin: true },
      jwks: { keys: [key] },
      token_endpoint_auth_method: 'none',
    });
    expect(Object.keys(metadata).sort()).toEqual([
      'application_type',
      'client_name',
      'grant_types',
      'redirect_uris',
      'response_types',
      'token_endpoint_auth_method',
    ]);
  });

  it('leaves out keys that are of no use here', () => {
    const keys = [publicKey('P-384'), key, { kty: 'AKP', alg: 'ML-DSA-44', pub: 'x' }];
    expect(metadataOf({ jwks: { keys } })['jwks']).toEqual({ keys: [key] });
  });

  it('has a digest of its redirect URIs, whatever their order', () => {
    const digest = (uris: string[]) => redirectsDigest(metadataOf({ redirect_uris: uris }));
    const uris = good.redirect_uris;
    expect(digest([...uris].reverse())).toBe(digest(uris));
    expect(digest(['https://agent.example/cb'])).not.toBe(digest(uris));
    expect(digest([...uris, 'https://evil.example/cb'])).not.toBe(digest(uris));
  });

  it.each([
    ['<b>Agent</b>\u0000', 'b Agent /b'],
    ['Agent\u202Etxe.exe', 'Agent txe.exe'],
    ['  A\n\tB  ', 'A B'],
    ['\ud800lone', '\ufffdlone'],
    ['', 'agent.example'],
    [null, 'agent.example'],
    [{ name: 'x' }, 'agent.example'],
    [['x'], 'agent.example'],
    ['\u202e\u2066', 'agent.example'],
    ['é'.repeat(2000), `${'é'.repeat(99)}…`],
  ])('shows the name %j as %j', (name, shown) => {
    expect(metadataOf({ client_name: name })['client_name']).toBe(shown);
  });

  it.each([
    ['', /not JSON/],
    ['{"client_id":', /not JSON/],
    ['<!doctype html>', /not JSON/],
    ['null', /not a JSON object/],
    ['[]', /not a JSON object/],
    ['"text"', /not a JSON object/],
    [{}, /own URL/],
    [{ ...good, client_id: `${url}/` }, /own URL/],
    [{ ...good, client_id: url.toUpperCase() }, /own URL/],
    [{ ...good, client_id: [url] }, /own URL/],
    [{ ...good, client_secret: 'secret' }, /secret/],
    [{ ...good, client_secret: '' }, /secret/],
    [{ ...good, client_secret_expires_at: 0 }, /secret/],
    [{ ...good, token_endpoint_auth_method: 'client_secret_basic' }, /shared secret/],
    [{ ...good, token_endpoint_auth_method: 'client_secret_post' }, /shared secret/],
    [{ ...good, token_endpoint_auth_method: 'client_secret_jwt' }, /shared secret/],
    [{ ...good, token_endpoint_auth_method: 'tls_client_auth' }, /can't be used/],
    [{ ...good, token_endpoint_auth_method: 'private_key_jwt' }, /"jwks"/],
    [{ ...good, jwks: { keys: [key] }, jwks_uri: 'https://a.example/' }, /both/],
    [{ ...good, jwks: { keys: [] } }, /public keys/],
    [{ ...good, jwks: [key] }, /public keys/],
    [{ ...good, jwks: 'keys' }, /public keys/],
    [{ ...good, jwks: { keys: Array(21).fill(key) } }, /public keys/],
    [{ ...good, jwks: { keys: [{ ...key, d: 'private' }] } }, /private or symmetric/],
    [{ ...good, jwks: { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] } }, /private or symmetric/],
    [{ ...good, jwks: { keys: [publicKey('P-384')] } }, /verify with/],
    [{ ...good, jwks: { keys: [{ ...key, kid: 7 }] } }, /verify with/],
    [{ ...good, jwks: { keys: [{ ...key, x: 'AAAA' }] } }, /verify with/],
    [{ ...good, jwks: { keys: ['x', null, 7] } }, /verify with/],
    [{ ...good, jwks_uri: 'no url' }, /not a URL/],
    [{ ...good, jwks_uri: 7 }, /not a URL/],
    [{ ...good, jwks: { keys: [key] }, token_endpoint_auth_signing_alg: 'HS256' }, /signing_alg/],
    [{ ...good, jwks: { keys: [key] }, token_endpoint_auth_signing_alg: 'none' }, /signing_alg/],
    [{ ...good, response_types: ['token'] }, /response_types/],
    [{ client_id: url }, /redirect_uris/],
    [{ ...good, redirect_uris: [] }, /redirect_uris/],
    [{ ...good, redirect_uris: [7] }, /redirect_uris/],
    [{ ...good, grant_types: ['client_credentials'] }, /grant_types/],
  ])('is refused: %j', (document, reason) => {
    expect(reasonOf(document)).toMatch(reason);
  });

  it.each([
    ...['javascript:alert(1)', 'https://a.example/#x', 'https://*.a.example/', 'http://a.example/'],
    ...[
      'https://user@a.example/',
      'https://a.example/../b',
      'data:text/html,x',
      'https://ä.example/',
    ],
    ...['http://100.64.0.1/cb', 'https://a.example\\@b.example/', '//a.example', ''],
  ])('T07 is refused for the redirect URI %j', (uri) => {
    expect(reasonOf({ ...good, redirect_uris: [...good.redirect_uris, uri] })).toMatch(
      /redirect_uris/,
    );
  });
});
