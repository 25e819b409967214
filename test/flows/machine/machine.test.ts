import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Allowance, allowInPolicy } from '../../world/allow.ts';
import { Browser } from '../../world/browser.ts';
import { json } from '../../world/login.ts';
import { configuration, introspect, mcp, notes, send } from '../../world/resource-world.ts';
import { startWorld, type World } from '../../world/world.ts';

const ci = '127.0.0.3';
const deploy: Allowance = {
  src: ['tag:ci'],
  scopes: [{ resource: mcp, scopes: ['read_file'] }],
};
const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';
const service = { id: 'service', secret: 'service-secret-that-is-long-enough-0' };

const machines = {
  ...configuration,
  clients: [
    ...configuration.clients,
    { id: 'by-tag', peer: { tags: ['tag:ci', 'tag:build'] } },
    {
      id: 'app-by-tag',
      peer: { tags: ['tag:ci'] },
      grantTypes: ['authorization_code', deviceGrant],
      redirectUris: ['https://app.test/cb'],
    },
    { id: 'by-other-tag', peer: { tags: ['tag:prod'] } },
    { id: 'by-node', peer: { node: 'nOtherNode11CNTRL' } },
    { ...service, grantTypes: ['client_credentials'], scopes: ['read_file'] },
  ],
};

describe('machines', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld(machines);
  });
  beforeEach(() => allowInPolicy(world.simulator, [deploy]));
  afterAll(() => world[Symbol.asyncDispose]());

  const token = async (
    more: Record<string, string> = {},
    { address = ci, headers = {} }: { address?: string; headers?: Record<string, string> } = {},
  ) =>
    new Browser(address).open(`${world.issuer}/token`, {
      form: { grant_type: 'client_credentials', ...more },
      headers,
    });

  test('a tagged node gets a token without registration or secret, for the one resource of its grant', async () => {
    const answer = json(await token());
    expect(answer).toMatchObject({
      token_type: 'Bearer',
      scope: 'read_file list',
      expires_in: 120,
    });
    const keys = createRemoteJWKSet(new URL(`${world.issuer}/.well-known/jwks.json`));
    const { payload } = await jwtVerify(String(answer['access_token']), keys, {
      issuer: world.issuer,
      audience: mcp,
      typ: 'at+jwt',
    });
    expect(payload).toMatchObject({
      sub: expect.stringMatching(/^node:n/),
      client_id: expect.stringMatching(/^node-n/),
      tags: ['tag:ci'],
      node: 'ci.tailnet.test',
      tailnet: 'tailnet.test',
      scope: 'read_file list',
    });
    expect(payload).not.toHaveProperty('email');
  });

  test('with several resources granted it names one, and the error lists them', async () => {
    const more = { src: ['tag:ci'], scopes: [{ resource: notes, scopes: ['notes'] }] };
    allowInPolicy(world.simulator, [deploy, more]);
    const answer = json(await token());
    expect(answer).toMatchObject({ error: 'invalid_target' });
    expect(answer['error_description']).toContain(mcp);
    expect(answer['error_description']).toContain(notes);
    expect(json(await token({ resource: `${notes}/` }))).toMatchObject({ scope: 'notes' });
  });

  test('it asks for less, and never gets more', async () => {
    expect(json(await token({ scope: 'run_code' }))).toMatchObject({ error: 'invalid_scope' });
    expect(json(await token({ scope: 'run_code read_file' }))).toMatchObject({
      scope: 'read_file',
    });
    expect(json(await token({ resource: notes }))).toMatchObject({ error: 'invalid_target' });
    expect(json(await token({ resource: 'https://nowhere.test' }))).toMatchObject({
      error: 'invalid_target',
    });
    allowInPolicy(world.simulator, []);
    expect(json(await token())).toMatchObject({ error: 'invalid_target' });
  });

  test.each([
    ["a person's device", '127.0.0.1'],
    ['a foreign device', '127.0.0.4'],
    ['nobody', '127.0.0.5'],
    ['an expired device', '127.0.0.6'],
  ])('%s is no machine', async (_who, address) => {
    const answer = await token({}, { address });
    expect(answer.status).toBe(401);
    expect(json(answer)['error_description']).toMatch(
      /^a token without a registered client is for/,
    );
    expect(json(answer)).not.toHaveProperty('access_token');
    // and can't say that it is one
    const { sub } = decodeJwt(String(json(await token())['access_token']));
    const claimed = await token({ client_id: `node-${sub?.slice(5)}` }, { address });
    expect(json(claimed)).toMatchObject({ error: 'invalid_client' });
  });

  test.each([
    ['by-tag', undefined],
    ['by-other-tag', 'invalid_client'],
    ['by-node', 'invalid_client'],
    ['node-nSomebodyElse11CNTRL', 'invalid_client'],
    ['service', 'invalid_client'],
    ['nobody', 'invalid_client'],
  ])('as the client %s: %s', async (clientId, error) => {
    const answer = json(await token({ client_id: clientId }));
    if (error) expect(answer).toMatchObject({ error });
    else expect(decodeJwt(String(answer['access_token']))).toMatchObject({ client_id: clientId });
  });

  test.each([
    ['/request', { response_type: 'code', redirect_uri: 'https://app.test/cb' }, 'request_uri'],
    ['/device_authorization', {}, 'device_code'],
  ])(
    'an app that is a tagged node begins logins at %s, and nobody else in its name',
    async (path, form, member) => {
      const challenge = { code_challenge: 'a'.repeat(43), code_challenge_method: 'S256' };
      const ask = async (address: string, headers = {}) =>
        new Browser(address).open(`${world.issuer}${path}`, {
          form: { client_id: 'app-by-tag', ...form, ...challenge },
          headers,
        });
      expect(json(await ask(ci))).toHaveProperty(member);
      expect(json(await ask('127.0.0.1'))).toMatchObject({ error: 'invalid_client' });
      expect(json(await ask('127.0.0.5'))).toMatchObject({ error: 'invalid_client' });
      expect((await ask(ci, { origin: 'https://evil.example' })).status).toBe(403);
    },
  );

  test('T33 a web page does not borrow the identity of the machine that shows it', async () => {
    const pages: Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { origin: world.issuer },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ];
    for (const headers of pages) {
      const answer = await token({}, { headers });
      expect(answer.status, JSON.stringify(headers)).toBe(403);
      expect(answer.body).not.toContain('access_token"');
    }
    const wrongHost = await token({}, { headers: { host: 'rebound.example' } });
    expect(wrongHost.status).toBe(421);
  });

  test('T34 what came through a proxy is nobody', async () => {
    for (const name of ['x-forwarded-for', 'forwarded', 'via', 'x-forwarded-host']) {
      const answer = await token({}, { headers: { [name]: '100.64.0.5' } });
      expect(json(answer), name).not.toHaveProperty('access_token');
    }
  });

  test('T13 a machine that is retagged, or loses its grant, loses its tokens', async () => {
    const first = String(json(await token())['access_token']);
    expect(await introspect(world, first)).toMatchObject({ active: true, tags: ['tag:ci'] });
    allowInPolicy(world.simulator, []);
    expect(await introspect(world, first)).toEqual({ active: false });
    allowInPolicy(world.simulator, [deploy]);
    expect(await introspect(world, first)).toEqual({ active: false });
    const next = String(json(await token())['access_token']);
    world.simulator.setNode('ci', { tags: ['tag:ci', 'tag:prod'] });
    expect(await introspect(world, next)).toEqual({ active: false });
    world.simulator.setNode('ci', { tags: ['tag:ci'] });
    expect(await introspect(world, next)).toEqual({ active: false });
  });

  test('T21 no other machine gets or uses its token', async () => {
    const first = String(json(await token())['access_token']);
    const own = await new Browser(ci).open(`${world.issuer}/introspect`, {
      form: { token: first },
    });
    expect(json(own)).toMatchObject({ active: true });
    const person = await new Browser('127.0.0.1').open(`${world.issuer}/introspect`, {
      form: { token: first },
    });
    expect(person.status).toBe(400);
  });

  test('a machine that is a resource introspects its tokens by its connection alone, and no others', async () => {
    const alice = { src: ['alice@example.com'], scopes: [{ resource: mcp, scopes: ['*'] }] };
    const asService = (form: Record<string, string>) => send(world, '/token', form, service);
    const answer = await asService({ grant_type: 'client_credentials', resource: mcp });
    const foreign = String(json(answer)['access_token']);
    const look = async () =>
      json(await new Browser(ci).open(`${world.issuer}/introspect`, { form: { token: foreign } }));
    allowInPolicy(world.simulator, [alice, { src: ['tag:ci'], serves: [notes] }]);
    expect(await look()).toEqual({ active: false });
    allowInPolicy(world.simulator, [alice, { src: ['tag:ci'], serves: [mcp] }]);
    expect(await look()).toMatchObject({ active: true, client_id: 'service', aud: mcp });
    allowInPolicy(world.simulator, [alice]);
    expect(await look()).toEqual({ active: false });
  });

  test('a public client has no credentials', async () => {
    const answer = await token({ client_id: 'spa' }, { address: '127.0.0.1' });
    expect(answer.status).toBe(400);
  });

  test('T31 without tailscaled there is no guess', async () => {
    await world.simulator.stop();
    const answer = await token();
    expect(answer.status).toBe(503);
    expect(answer.headers['retry-after']).toBeDefined();
    await world.simulator.restart();
  });

  test('the metadata name our method, and no certificate', async () => {
    for (const name of ['openid-configuration', 'oauth-authorization-server']) {
      const metadata = json(await new Browser().open(`${world.issuer}/.well-known/${name}`));
      expect(metadata['tsidp_token_endpoint_auth_methods_supported']).toEqual(['tailnet_peer']);
      expect(JSON.stringify(metadata)).not.toContain('tls_client');
      expect(metadata['grant_types_supported']).toContain('client_credentials');
    }
  });
});
