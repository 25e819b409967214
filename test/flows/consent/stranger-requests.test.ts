import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allowInPolicy } from '../../world/allow.ts';
import { press } from '../../world/app.ts';
import { Browser } from '../../world/browser.ts';
import { failure, json } from '../../world/login.ts';
import {
  confidentialClient,
  publicClient,
  type Registered,
  registered,
} from '../../world/register.ts';
import {
  all,
  configuration,
  introspect,
  mcp,
  notes,
  resourceServer,
} from '../../world/resource-world.ts';
import { startWorld, type World } from '../../world/world.ts';
import { begin, callAs } from '../registration/registered-login.ts';
import { allowedLogin, redeemAs } from './allowed-login.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld({
    ...configuration,
    registration: { mode: 'tailnet', perPeer: 500, perMinute: 500 },
  });
  allowInPolicy(world.simulator, [...all]);
});
afterAll(() => world[Symbol.asyncDispose]());

describe('pushed authorization requests (RFC 9126) of such a client', () => {
  const push = async (client: Registered, more: Record<string, string> = {}) => {
    const begun = begin(world, client);
    const form = Object.fromEntries(new URL(begun.url).searchParams);
    const answer = await callAs(world, client, '/request', { ...form, ...more });
    return { answer, begun, uri: String(json(answer)['request_uri'] ?? '') };
  };
  const open = (
    client: Registered,
    uri: string,
    more: Record<string, string> = {},
    browser = new Browser(),
  ) => {
    const query = new URLSearchParams({ client_id: client.client_id, request_uri: uri, ...more });
    return browser.follow(`${world.issuer}/authorize?${query}`);
  };

  test.each([
    ['public', publicClient],
    ['confidential', confidentialClient],
  ])(
    'T17 the page of a %s one shows what was pushed, and nothing else counts',
    async (_, metadata) => {
      const client = await registered(world.issuer, metadata);
      const { uri, begun } = await push(client, { scope: 'openid read_file', resource: mcp });
      const browser = new Browser();
      const beside = {
        scope: 'openid profile run_code notes',
        resource: notes,
        redirect_uri: 'https://evil.test/',
        state: 'other',
        prompt: 'none',
        response_mode: 'fragment',
      };
      const page = await open(client, uri, beside, browser);
      expect(page.body).toContain('Read files');
      for (const other of ['Run code', 'username and picture', notes, 'evil.test'])
        expect(page.body).not.toContain(other);
      const answer = await press(browser, page, world, { action: 'allow' });
      expect(answer.location?.href).toMatch(/^https:\/\/agent\.test\/cb\?code=/u);
      expect(answer.location?.searchParams.get('state')).toBe('state');
      const code = answer.location?.searchParams.get('code') ?? '';
      const tokens = json(await redeemAs(world, client, { code, begun }));
      expect(String(tokens['scope']).split(' ').sort()).toEqual(['openid', 'read_file']);
      expect(await introspect(world, String(tokens['access_token']))).toMatchObject({
        active: true,
        aud: mcp,
      });
      // used up
      const again = await open(client, uri);
      expect([again.status, again.location]).toEqual([400, undefined]);
    },
  );

  test.each([
    ['public', publicClient],
    ['confidential', confidentialClient],
  ])('T14 are bounded for a %s one, each for itself', async (_, metadata) => {
    const [one, other] = [
      await registered(world.issuer, metadata),
      await registered(world.issuer, metadata),
    ];
    const statuses: number[] = [];
    for (let i = 0; i < 61; i += 1) statuses.push((await push(one)).answer.status);
    expect(statuses).toEqual([...Array(60).fill(201), 429]);
    expect((await push(one)).answer.headers['retry-after']).toMatch(/^[1-9][0-9]?$/u);
    expect((await push(other)).answer.status).toBe(201);
  });

  test('are not bounded for an app that an operator entered with its secret', async () => {
    const { id, secret } = resourceServer;
    const app: Registered = {
      client_id: id,
      client_secret: secret,
      client_id_issued_at: 0,
      registration_access_token: '',
      registration_client_uri: '',
      redirect_uris: ['https://mcp.test/cb'],
    };
    const statuses: number[] = [];
    for (let i = 0; i < 61; i += 1) statuses.push((await push(app)).answer.status);
    expect(statuses).toEqual(Array(61).fill(201));
  });

  test("another client's is not taken", async () => {
    const [one, other] = [await registered(world.issuer), await registered(world.issuer)];
    const { uri } = await push(one);
    const answer = await open(other, uri);
    expect([answer.status, answer.location]).toEqual([400, undefined]);
  });

  test.each<[string, Record<string, string>, string]>([
    ['an unregistered redirect URI', { redirect_uri: 'https://evil.test/' }, '400 invalid_request'],
    ['a request object', { request: 'eyJhbGciOiJub25lIn0.e30.' }, '400 request_not_supported'],
    ['a request_uri', { request_uri: 'https://evil.test/r' }, '400 request_uri_not_supported'],
    ['a resource of 9 kB', { resource: 'x'.repeat(9000) }, '400 invalid_request'],
    ['a relative resource', { resource: '/mcp' }, '400 invalid_target'],
    ['a resource with a fragment', { resource: `${mcp}#x` }, '400 invalid_target'],
    ['no PKCE', { code_challenge: '', code_challenge_method: '' }, '400 invalid_request'],
    ['plain PKCE', { code_challenge_method: 'plain' }, '400 invalid_request'],
  ])('%s is refused when it is pushed', async (_, more, error) => {
    expect(failure((await push(await registered(world.issuer), more)).answer)).toBe(error);
  });

  test('T18 a request_uri elsewhere is refused and not asked for', async () => {
    const client = await registered(world.issuer);
    for (const uri of [
      'https://evil.test/r',
      'http://127.0.0.1:1/r',
      'urn:ietf:params:oauth:request_uri:x',
      'x',
    ]) {
      const answer = await open(client, uri);
      expect([answer.status, answer.location]).toEqual([400, undefined]);
    }
  });
});

describe('how the answer reaches such a client', () => {
  test('the token request repeats the very redirect URI of the login, port and all', async () => {
    const client = await registered(world.issuer, {
      ...publicClient,
      redirect_uris: ['http://127.0.0.1/cb', 'http://localhost/cb'],
    });
    const begin = () =>
      allowedLogin(world, client, { redirect_uri: 'http://127.0.0.1:5001/cb', scope: 'openid' });
    const others = ['http://127.0.0.1:5002/cb', 'http://127.0.0.1/cb', 'http://localhost:5001/cb'];
    for (const uri of others) {
      const wrong = await redeemAs(world, client, await begin(), { redirect_uri: uri });
      expect([failure(wrong), uri]).toEqual(['400 invalid_grant', uri]);
    }
    const same = { redirect_uri: 'http://127.0.0.1:5001/cb' };
    const tokens = json(await redeemAs(world, client, await begin(), same));
    // it registered `refresh_token`, so it gets one without `offline_access`, and hears its scope
    expect(tokens).toMatchObject({ refresh_token: expect.any(String), scope: 'openid' });
  });

  test('response_mode=form_post and fragment, once the person allowed it', async () => {
    const client = await registered(world.issuer);
    const posted = await allowedLogin(world, client, { response_mode: 'form_post' });
    expect(posted.answer.location).toBeUndefined();
    expect(posted.answer.body).toMatch(/action="https:\/\/agent\.test\/cb"/u);
    expect(posted.answer.body).toMatch(/name="code" value="[^"]+"/u);
    const { answer } = await allowedLogin(world, client, { response_mode: 'fragment' });
    expect(answer.location?.hash).toMatch(/^#code=/u);
    for (const mode of ['web_message', 'jwt', 'query.jwt']) {
      expect(
        (
          await allowedLogin(world, client, { response_mode: mode })
        ).answer.location?.searchParams.get('error'),
      ).toBe('unsupported_response_mode');
    }
  });
});

describe('T15 what a registration never gives', () => {
  const extension = 'urn:ietf:params:oauth:grant-type:';
  test.each([
    ['client_credentials', {}],
    [
      `${extension}token-exchange`,
      { subject_token: 'x', subject_token_type: 'urn:ietf:params:oauth:token-type:access_token' },
    ],
    [`${extension}device_code`, { device_code: 'x' }],
    [`${extension}jwt-bearer`, { assertion: 'x' }],
    ['password', { username: 'a', password: 'b' }],
    ['implicit', {}],
  ])('grant type %s', async (grantType, more) => {
    const client = await registered(world.issuer, {
      ...confidentialClient,
      grant_types: ['authorization_code', 'refresh_token', grantType],
    });
    expect(client['grant_types']).toEqual(['authorization_code', 'refresh_token']);
    const answer = await callAs(world, client, '/token', { grant_type: grantType, ...more });
    expect(failure(answer)).toMatch(/^400 (?:unauthorized_client|unsupported_grant_type)$/u);
  });

  test('a device code', async () => {
    const client = await registered(world.issuer, publicClient);
    const answer = await callAs(world, client, '/device_authorization', { scope: 'openid' });
    expect(failure(answer)).toBe('400 unauthorized_client');
  });

  test.each([
    'tls_client_auth',
    'self_signed_tls_client_auth',
    'tailnet_peer',
    'client_secret_jwt',
    'attest_jwt_client_auth',
  ])('method %s: it hears the one that it got, and a connection is none', async (method) => {
    const client = await registered(world.issuer, {
      ...publicClient,
      token_endpoint_auth_method: method,
      tls_client_auth_subject_dn: 'tailnet_peer',
      tsidp: { peer: { tags: ['tag:ci'] } },
    });
    expect(client['token_endpoint_auth_method']).toBe('client_secret_basic');
    expect(client).not.toHaveProperty('tls_client_auth_subject_dn');
    const answer = await new Browser('127.0.0.3').open(`${world.issuer}/token`, {
      form: { grant_type: 'client_credentials', client_id: client.client_id, resource: mcp },
    });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(json(answer)).not.toHaveProperty('access_token');
  });

  test.each([
    'node-nCi1CNTRL',
    'https://evil.test/client',
    resourceServer.id,
    'grafana',
    '__proto__',
  ])('the client ID %s', async (id) => {
    const client = await registered(world.issuer, { ...publicClient, client_id: id });
    expect(client.client_id).toMatch(/^[0-9a-f]{32}$/u);
  });
});
