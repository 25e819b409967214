import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createResource,
  type IntrospectionCredentials,
  type Resource,
} from '../../src/resource/resource.ts';
import { allowInPolicy } from '../world/allow.ts';
import { Browser } from '../world/browser.ts';
import { call, login } from '../world/login.ts';
import {
  all,
  configuration,
  mcp,
  notes,
  resourceServer,
  send,
  tokensFor,
} from '../world/resource-world.ts';
import { startWorld, type World } from '../world/world.ts';
import { bearer, caught } from './caught.ts';
import { fetchFrom } from './peer-fetch.ts';

let world: World;
const credentials: IntrospectionCredentials = {
  clientId: resourceServer.id,
  clientSecret: resourceServer.secret,
};

beforeAll(async () => {
  const [first, second, ...others] = configuration.resources;
  const resources = [first, { ...second, clients: [resourceServer.id] }, ...others];
  world = await startWorld({ ...configuration, resources });
  allowInPolicy(world.simulator, all);
});
afterAll(() => world[Symbol.asyncDispose]());

const at = (resource: string, always = false): Resource =>
  createResource({ issuer: world.issuer, resource, introspection: { credentials, always } });
const jwt = async (): Promise<string> =>
  (await tokensFor(world, { scope: 'openid read_file run_code' })).accessToken;
const opaque = async (): Promise<string> =>
  (await tokensFor(world, { resource: notes, scope: 'openid notes' })).accessToken;

describe('tokens of the daemon', () => {
  test('a JWT is verified without asking', async () => {
    expect(await at(mcp).authenticate(bearer(await jwt()))).toMatchObject({
      subject: 'userid:1',
      clientId: 'grafana',
      scopes: ['read_file', 'run_code'],
      actors: [],
      claims: { email: 'alice@example.com' },
    });
  });

  test('a JWT is asked about, where revocation must be seen at once', async () => {
    const access = await at(mcp, true).authenticate(bearer(await jwt()));
    expect(access.scopes).toEqual(['read_file', 'run_code']);
  });

  test('an opaque one is asked about, with either spelling of the resource', async () => {
    for (const spelling of [notes, `${notes}/`]) {
      const access = await at(spelling).authenticate(bearer(await opaque()));
      expect(access).toMatchObject({ subject: 'userid:1', clientId: 'grafana', scopes: ['notes'] });
    }
  });

  test('ES256 and the slash of the configuration', async () => {
    const { accessToken } = await tokensFor(world, {
      resource: 'https://es256.test',
      scope: 'openid',
    });
    const access = await at('https://es256.test').authenticate(bearer(accessToken));
    expect(access.subject).toBe('userid:1');
  });

  test('T05 T06 each is good at its own resource alone', async () => {
    const [forMcp, forNotes] = [await jwt(), await opaque()];
    const { accessToken: forNobody, idToken } = await login(new Browser(), world.issuer);
    for (const [resource, tokens] of [
      [mcp, [forNotes, forNobody, idToken]],
      [notes, [forMcp, forNobody, idToken]],
    ] as const) {
      for (const token of tokens) {
        expect((await caught(at(resource).authenticate(bearer(token)))).code).toBe('invalid_token');
      }
    }
  });

  test('a refresh token opens nothing', async () => {
    const { refreshToken } = await tokensFor(world, {
      resource: notes,
      scope: 'notes offline_access',
    });
    const error = await caught(at(notes).authenticate(bearer(refreshToken)));
    expect(error.code).toBe('invalid_token');
  });

  test('T12 a revoked one is refused at once where it is asked about', async () => {
    const tokens = [await jwt(), await opaque()];
    for (const [index, token] of tokens.entries()) {
      const resource = at(index === 0 ? mcp : notes, true);
      await resource.authenticate(bearer(token));
      await call(world.issuer, '/revoke', 'grafana', { token });
      expect((await caught(resource.authenticate(bearer(token)))).code).toBe('invalid_token');
    }
  });

  test('wrong credentials of the resource are a 503 with a hint for its operator', async () => {
    const { id: clientId } = resourceServer;
    const introspection = { credentials: { clientId, clientSecret: 'wrong' } };
    const wrong = createResource({ issuer: world.issuer, resource: notes, introspection });
    const error = await caught(wrong.authenticate(bearer(await opaque())));
    expect(error.status).toBe(503);
    expect(String(error.cause)).toMatch(/introspect: it answered 401/);
    expect((await send(world, '/introspect', { token: 'x' })).status).toBe(200);
  });
});

describe('a resource that is a node of the tailnet', () => {
  const served = { src: ['tag:ci'], serves: [notes] };
  const from = (address: string, resource = notes): Resource =>
    createResource({
      issuer: world.issuer,
      resource,
      introspection: { credentials: 'peer', always: true },
      fetch: fetchFrom(address),
    });
  const refused = async (resource: Resource, token: string) =>
    caught(resource.authenticate(bearer(token)));

  test('asks without any credential, as long as its grant says what it is', async () => {
    allowInPolicy(world.simulator, [...all, served]);
    const token = await opaque();
    expect(await from('127.0.0.3').authenticate(bearer(token))).toMatchObject({
      subject: 'userid:1',
      scopes: ['notes'],
    });
    allowInPolicy(world.simulator, all);
    expect((await refused(from('127.0.0.3'), token)).code).toBe('invalid_token');
    allowInPolicy(world.simulator, [...all, served]);
  });

  test('T06 learns nothing of tokens for others', async () => {
    const error = await refused(from('127.0.0.3', mcp), await jwt());
    expect(error.code).toBe('invalid_token');
  });

  test.each(['127.0.0.2', '127.0.0.5'])(
    'T12 whoever is no machine with such a grant is no caller at all: %s',
    async (address) => {
      expect((await refused(from(address), await opaque())).code).toBe('issuer_unavailable');
    },
  );
});
