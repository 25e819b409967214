import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { app, load, problemsOf } from './load.ts';

const url = 'https://agent.example/client.json';
const document = JSON.stringify({ client_id: url, redirect_uris: ['https://agent.example/cb'] });
const pin = { url, file: 'agent.json' };
const files = { '/etc/agent.json': document };

describe('metadataDocuments', () => {
  test('are accepted from public addresses by default', () => {
    const { metadataDocuments } = load({});
    expect(metadataDocuments).toEqual({ mode: 'public', allowedHosts: [], pinned: new Map() });
  });

  test('can be pinned, with files beside the configuration', () => {
    const { metadataDocuments } = load({ metadataDocuments: { pinned: [pin] } }, { files });
    expect(metadataDocuments.pinned.get(url)).toMatchObject({
      client_name: 'agent.example',
      redirect_uris: ['https://agent.example/cb'],
      token_endpoint_auth_method: 'none',
    });
  });

  test.each([
    [{ mode: 'on' }, /mode: "on" must be one of "off", "allowed", "public"/],
    [{ hosts: [] }, /hosts: is no member here/],
    [{ allowedHosts: ['https://a.example'] }, /must be a host such as/],
    [{ allowedHosts: ['a.example/x'] }, /must be a host such as/],
    [{ allowedHosts: ['*.example'] }, /must be a host such as/],
    [{ allowedHosts: ['me@a.example'] }, /must be a host such as/],
    [{ allowedHosts: [''] }, /must be a host such as/],
    [{ allowedHosts: ['A.example'] }, /write "a\.example"/],
    [{ allowedHosts: ['a.example:443'] }, /write "a\.example"/],
    [{ allowedHosts: ['0x7f.1'] }, /write "127\.0\.0\.1"/],
    [{ allowedHosts: ['a.example', 'a.example'] }, /\[1\]: "a\.example" is in the list twice/],
    [{ pinned: [{ url, file: 'none.json' }] }, /pinned\[0\]\.file: .* there is no such file/],
    [{ pinned: [{ url }] }, /pinned\[0\]\.file: is missing/],
    [{ pinned: [{ ...pin, url: 'agent' }] }, /pinned\[0\]\.url: "agent" must be an https/],
    [{ pinned: [{ ...pin, url: 'http://agent.example/' }] }, /does not begin with https:/],
    [{ pinned: [{ ...pin, url: `${url}/` }] }, /does not name its own URL/],
    [{ pinned: [pin, pin] }, /pinned\[1\]\.url: .* is pinned twice/],
  ])('are refused: %j', (metadataDocuments, problem) => {
    expect(problemsOf({ metadataDocuments }, { files }).join('\n')).toMatch(problem);
  });

  test.each([
    ['{', /not JSON/],
    [JSON.stringify({ client_id: url, redirect_uris: ['data:,x'] }), /redirect_uris/],
    [JSON.stringify({ client_id: url, client_secret: 'x' }), /secret/],
  ])('are refused with the document %s', (text, problem) => {
    const problems = problemsOf(
      { metadataDocuments: { pinned: [pin] } },
      { files: { '/etc/agent.json': text } },
    );
    expect(problems.join('\n')).toMatch(/metadataDocuments\.pinned\[0\]\.file: /);
    expect(problems.join('\n')).toMatch(problem);
  });
});

describe('clients with keys', () => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = pair.publicKey.export({ format: 'jwk' });
  const jwks = { keys: [key] };
  const one = (more: object) => ({ clients: [{ ...app, ...more }] });

  test('need no more than those', () => {
    expect(load(one({ jwks })).clients[0]).toMatchObject({ jwks, authMethod: undefined });
    const jwksUri = 'https://app.example/jwks.json';
    expect(load(one({ jwksUri, authMethod: 'private_key_jwt' })).clients[0]).toMatchObject({
      jwksUri,
    });
    expect(load(one({ jwksUri: 'http://127.0.0.1:9/jwks' })).clients).toHaveLength(1);
  });

  test.each([
    [{ jwks: [] }, /jwks: an empty list must be/],
    [{ jwks: {} }, /jwks\.keys: is missing/],
    [{ jwks: { keys: [] } }, /1 to 20 public keys/],
    [{ jwks: { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] } }, /private or symmetric/],
    [{ jwks: { keys: [pair.privateKey.export({ format: 'jwk' })] } }, /private or symmetric/],
    [{ jwks: { keys: [{ ...key, crv: 'P-384' }] } }, /no key to verify with/],
    [{ jwks, jwksUri: 'https://app.example/jwks' }, /jwksUri: .* cannot be combined with "jwks"/],
    [{ jwks, secret: 'a-long-secret' }, /cannot be combined with a secret/],
    [{ jwks, authMethod: 'none' }, /must be set with authMethod "private_key_jwt"/],
    [{ jwks, authMethod: 'client_secret_basic' }, /must be set with authMethod/],
    [{ authMethod: 'private_key_jwt' }, /needs keys: add "jwks" or "jwksUri"/],
    [{ jwksUri: 'http://app.example/jwks' }, /must be an https:\/\/ URL/],
    [{ jwksUri: 'https://u@app.example/jwks' }, /neither a user nor a fragment/],
    [{ jwksUri: 'https://app.example' }, /write "https:\/\/app\.example\/"/],
    [{ jwksUri: 'app.example' }, /must be an https:\/\/ URL/],
  ])('are refused: %j', (more, problem) => {
    const problems = problemsOf(one(more)).join('\n');
    expect(problems).toMatch(problem);
    // a private key that was pasted by mistake does not get into logs
    expect(problems).not.toContain(pair.privateKey.export({ format: 'jwk' }).d);
  });
});
