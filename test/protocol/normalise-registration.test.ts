import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  normaliseRegistration,
  normaliseUpdate,
} from '../../src/protocol/normalise-registration.ts';

const uris = { redirect_uris: ['https://agent.test/cb'] };
const read = (members: object) => normaliseRegistration({ ...uris, ...members });
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwks = { keys: [publicKey.export({ format: 'jwk' })] };

describe('how a client authenticates', () => {
  test.each([
    [undefined, 'client_secret_basic'],
    [null, 'client_secret_basic'],
    ['none', 'none'],
    ['client_secret_post', 'client_secret_post'],
    ['tls_client_auth', 'client_secret_basic'],
    [['none'], 'none'],
    [['tls_client_auth', 'none', 'client_secret_post'], 'none'],
    [['client_secret_post', 'none'], 'client_secret_post'],
    [[], 'client_secret_basic'],
    [['private_key_jwt', 'none'], 'none'],
  ])('%j is %s', (asked, method) => {
    expect(read({ token_endpoint_auth_method: asked })['token_endpoint_auth_method']).toBe(method);
  });

  test('a list of choices is read where there is no other word', () => {
    const choices = { token_endpoint_auth_methods_supported: ['private_key_jwt', 'none'] };
    expect(read(choices)['token_endpoint_auth_method']).toBe('none');
  });

  test('its own keys stand in the request', () => {
    expect(read({ token_endpoint_auth_method: 'private_key_jwt', jwks })).toMatchObject({
      token_endpoint_auth_method: 'private_key_jwt',
      jwks,
    });
    expect(read({ token_endpoint_auth_method: 'none', jwks })).not.toHaveProperty('jwks');
  });

  test.each([
    ['private_key_jwt', {}, /^private_key_jwt needs the public keys/],
    ['private_key_jwt', { jwks_uri: 'https://a.example/keys' }, /^jwks_uri is not fetched/],
    [['tls_client_auth', 'private_key_jwt'], { jwks_uri: 'https://a.example/keys' }, /jwks/],
  ])('%j with %j is refused, and made no secret', (method, more, reason) => {
    const asked = () => read({ token_endpoint_auth_method: method, ...more });
    expect(asked).toThrow(
      expect.objectContaining({
        error: 'invalid_client_metadata',
        error_description: expect.stringMatching(reason),
      }),
    );
  });

  test('T22 a private key is refused, and not repeated', () => {
    const leaked = { keys: [privateKey.export({ format: 'jwk' })] };
    expect(() => read({ token_endpoint_auth_method: 'private_key_jwt', jwks: leaked })).toThrow(
      expect.objectContaining({
        error: 'invalid_client_metadata',
        error_description: expect.stringMatching(/^jwks holds private/),
      }),
    );
  });
});

describe('what else is read', () => {
  test.each([
    [undefined, ['authorization_code', 'refresh_token']],
    [['authorization_code'], ['authorization_code']],
    [['refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'], ['refresh_token']],
    ['authorization_code', ['authorization_code']],
  ])('grant types %j are %j', (asked, known) => {
    expect(read({ grant_types: asked })['grant_types']).toEqual(known);
  });

  test('nothing but what is named: no member that is ours, unknown, null or to be fetched', () => {
    const asked = {
      tsidp: { approved: true },
      tsidp_approved: true,
      software_statement: 'x',
      scope: 'openid',
      jwks_uri: 'https://agent.test/jwks',
      sector_identifier_uri: 'https://agent.test/sector',
      logo_uri: 'https://agent.test/logo.png',
      client_uri: 'https://agent.test/',
      tos_uri: 'not a URL',
      policy_uri: 'https://agent.test/policy',
      contacts: ['ops@agent.test', 'no address', 7],
      application_type: 'desktop',
      require_auth_time: true,
      dpop_bound_access_tokens: true,
    };
    expect(read(asked)).toEqual({
      ...uris,
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_basic',
      client_uri: 'https://agent.test/',
      contacts: ['ops@agent.test'],
      dpop_bound_access_tokens: true,
    });
  });

  test('one URI alone is a list of one, and two of the same are one', () => {
    expect(read({ redirect_uris: 'https://agent.test/cb' })).toMatchObject(uris);
    const twice = [...uris.redirect_uris, ...uris.redirect_uris];
    expect(read({ redirect_uris: twice })).toMatchObject(uris);
  });

  test('an update keeps what names the client, and its secret as it is stored', () => {
    const verifierOf = (secret: string) => `kept of ${secret}`;
    const asked = { ...uris, client_id: 'a', client_secret: 'b', registration_access_token: 'c' };
    expect(normaliseUpdate(asked, verifierOf)).toMatchObject({
      client_id: 'a',
      client_secret: 'kept of b',
      registration_access_token: 'c',
    });
  });
});
