import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { basic } from '../../world/app.ts';
import { Browser } from '../../world/browser.ts';
import { attempt, failure, json, login } from '../../world/login.ts';
import { startWorld, type World } from '../../world/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const documentAt = async (name: string) =>
  json(await new Browser().open(`${world.issuer}/.well-known/${name}`));

/** Where the error of a login goes, by its code. */
const errorOf = async (more: Record<string, string>): Promise<string | null | undefined> => {
  const answer = await new Browser().open(attempt(world.issuer, 'grafana', more).url);
  return answer.location?.searchParams.get('error');
};

describe('what oidc-provider can do and nobody asked for is off', () => {
  test('the metadata name what is there, and nothing else', async () => {
    const names = Object.keys(await documentAt('oauth-authorization-server')).sort();
    // whoever adds one here says which test shows that it works
    expect(names).toEqual([
      'acr_values_supported', // prompts.test.ts
      'authorization_endpoint',
      'authorization_response_iss_parameter_supported', // login.test.ts, T27
      'claim_types_supported',
      'claims_parameter_supported', // prompts.test.ts, consent.test.ts
      'claims_supported', // claims.test.ts
      'client_id_metadata_document_supported', // metadata-documents.test.ts
      'code_challenge_methods_supported', // T10
      'device_authorization_endpoint', // device-flow.test.ts
      'dpop_signing_alg_values_supported', // resource/daemon.test.ts
      'end_session_endpoint', // logout.test.ts
      'grant_types_supported',
      'id_token_signing_alg_values_supported',
      'introspection_endpoint', // tokens.test.ts
      'issuer',
      'jwks_uri',
      'pushed_authorization_request_endpoint', // stranger-requests.test.ts
      'registration_endpoint', // registration.test.ts
      'request_uri_parameter_supported', // below: false
      'response_modes_supported', // stranger-requests.test.ts
      'response_types_supported',
      'revocation_endpoint', // tokens.test.ts
      'scopes_supported',
      'subject_types_supported',
      'token_endpoint',
      'token_endpoint_auth_methods_supported', // client-authentication.test.ts, machine.test.ts
      'token_endpoint_auth_signing_alg_values_supported', // client-assertion.test.ts
      'tsidp_token_endpoint_auth_methods_supported', // machine.test.ts
      'userinfo_endpoint',
    ]);
  });

  test.each<[string, Record<string, string>, string]>([
    ['request objects', { request: 'eyJhbGciOiJub25lIn0.e30.' }, 'request_not_supported'],
    [
      'request objects elsewhere',
      { request_uri: 'https://evil.test/r' },
      'request_uri_not_supported',
    ],
    ['registration in passing', { registration: '{}' }, 'registration_not_supported'],
    ['signed answers', { response_mode: 'jwt' }, 'unsupported_response_mode'],
    ['answers by script', { response_mode: 'web_message' }, 'unsupported_response_mode'],
    ['tokens in the address', { response_type: 'token' }, 'unsupported_response_type'],
    ['ID tokens in the address', { response_type: 'code id_token' }, 'unsupported_response_type'],
  ])('%s', async (_, more, error) => {
    const answer = await new Browser().open(attempt(world.issuer, 'grafana', more).url);
    const at = answer.location;
    const told =
      at?.searchParams.get('error') ?? new URLSearchParams(at?.hash.slice(1)).get('error');
    expect(told).toBe(error);
  });

  test('rich authorization requests are not read', async () => {
    const details = JSON.stringify([{ type: 'x' }]);
    expect(await errorOf({ authorization_details: details })).toBeNull();
  });

  test('userinfo and introspection answer in JSON, whatever is asked for', async () => {
    const tokens = await login(new Browser(), world.issuer);
    const accept = 'application/jwt, application/token-introspection+jwt';
    const seen = await Promise.all([
      new Browser().open(`${world.issuer}/userinfo`, {
        headers: { authorization: `Bearer ${tokens.accessToken}`, accept },
      }),
      new Browser().open(`${world.issuer}/introspect`, {
        form: { token: tokens.accessToken },
        headers: { ...basic('grafana'), accept },
      }),
    ]);
    for (const { status, headers } of seen) {
      expect([status, headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
    }
  });

  test('a client cannot have its ID token encrypted or signed with its secret', async () => {
    const answer = await new Browser().open(`${world.issuer}/register`, {
      method: 'POST',
      body: JSON.stringify({
        redirect_uris: ['https://agent.test/cb'],
        id_token_signed_response_alg: 'HS256',
        id_token_encrypted_response_alg: 'RSA-OAEP',
        userinfo_signed_response_alg: 'none',
        authorization_signed_response_alg: 'RS256',
        backchannel_logout_uri: 'https://agent.test/logout',
        tls_client_certificate_bound_access_tokens: true,
      }),
      headers: { 'content-type': 'application/json' },
    });
    expect(
      Object.keys(json(answer)).filter((name) => /encrypted|backchannel|tls_|userinfo/.test(name)),
    ).toEqual([]);
    expect(json(answer)['id_token_signed_response_alg']).toBe('RS256');
  });

  test.each(['/backchannel', '/challenge', '/nonce', '/session/end', '/me', '/reg', '/jwks'])(
    '%s is nowhere',
    async (path) => {
      for (const method of ['GET', 'POST']) {
        expect((await new Browser().open(world.issuer + path, { method })).status).toBe(404);
      }
    },
  );

  test.each([
    'password',
    'implicit',
    'urn:openid:params:grant-type:ciba',
    'urn:ietf:params:oauth:grant-type:jwt-bearer',
  ])('grant type %s', async (type) => {
    const answer = await new Browser().open(`${world.issuer}/token`, {
      form: { grant_type: type, username: 'alice', password: 'x', assertion: 'x' },
      headers: basic('grafana'),
    });
    expect(failure(answer)).toBe('400 unsupported_grant_type');
  });
});
