import { createRemoteJWKSet, jwtVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { databasePath } from '../../../src/store/sqlite/open.ts';
import { openSqlite } from '../../../src/store/sqlite/sqlite.ts';
import { createAlgorithmsInUse } from '../../../src/tokens/algorithms-in-use.ts';
import { login } from '../../world/login.ts';
import { publicClient, register } from '../../world/register.ts';
import { clients, startWorld, type World } from '../../world/world.ts';

const [grafana] = clients;
const es256 = clients.find(({ id }) => id === 'es256')!;
const eddsa = clients.find(({ id }) => id === 'eddsa')!;
const jwks = '/.well-known/jwks.json';

async function published({ issuer }: World): Promise<string[]> {
  const { keys } = (await (await fetch(issuer + jwks)).json()) as { keys: { alg: string }[] };
  return [...new Set(keys.map(({ alg }) => alg))].sort();
}

describe('the key set holds keys of algorithms that are in use', () => {
  const resource = { uri: 'https://mcp.test/mcp', scopes: { list: 'See' } };

  test.each<[string, object, string[]]>([
    ['the default alone', {}, ['RS256']],
    ['of a client', { clients: [grafana, es256] }, ['ES256', 'RS256']],
    ['of two clients', { clients: [es256, eddsa] }, ['ES256', 'EdDSA', 'RS256']],
    ['of a resource', { resources: [{ ...resource, algorithm: 'ES256' }] }, ['ES256', 'RS256']],
    [
      'not of a resource whose tokens nobody signs',
      { resources: [{ ...resource, algorithm: 'ES256', tokenFormat: 'opaque' }] },
      ['RS256'],
    ],
  ])('%s', async (_, configuration, expected) => {
    await using world = await startWorld({ clients: [grafana], ...configuration });
    expect(await published(world)).toEqual(expected);
  });

  test('a client that is added while the daemon runs: its key is there before it signs', async () => {
    await using world = await startWorld({ clients: [grafana] });
    expect(await published(world)).toEqual(['RS256']);
    // as another process would
    const path = databasePath(`${world.directory}/state`);
    const store = openSqlite({ path, clock: systemClock });
    await store.clients.save({
      id: 'spa',
      metadata: {
        redirect_uris: ['https://spa.test/cb'],
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code'],
        response_types: ['code'],
        application_type: 'web',
        id_token_signed_response_alg: 'EdDSA',
      },
      options: {},
      secretVerifier: null,
      source: 'cli',
      createdAt: 0,
      updatedAt: 0,
    });
    await store.committed();
    await store.close();
    // whoever looks right before its first login: a second later at most, and at the login itself at once
    const { idToken } = await login(world.browser('127.0.0.2'), world.issuer, 'spa', {
      scope: 'openid',
    });
    expect(await published(world)).toEqual(['EdDSA', 'RS256']);
    const keys = createRemoteJWKSet(new URL(world.issuer + jwks));
    const { protectedHeader } = await jwtVerify(idToken, keys, { issuer: world.issuer });
    expect(protectedHeader.alg).toBe('EdDSA');
  });

  test.each([
    ['ES256', 'ES256', ['ES256', 'RS256']],
    // nobody's registration makes verifiers refuse a set with a kind of key that they don't know
    ['EdDSA', 'RS256', ['RS256']],
  ])('T15 a client that registers itself with %s gets %s', async (asked, given, expected) => {
    await using world = await startWorld({
      clients: [grafana],
      registration: { mode: 'tailnet' },
    });
    const body = { ...publicClient, id_token_signed_response_alg: asked };
    const answer = await register(world.issuer, body, world.browser('127.0.0.2'));
    expect(JSON.parse(answer.body)).toMatchObject({ id_token_signed_response_alg: given });
    expect(await published(world)).toEqual(expected);
  });

  test('one that leaves: what it signed can be verified as long as the daemon runs', async () => {
    let stored = ['ES256'];
    let nowMs = 0;
    const declared = { clients: [], resources: [] };
    const table = { idTokenAlgorithms: async () => stored };
    const inUse = createAlgorithmsInUse(declared, table, () => nowMs);
    expect([...(await inUse.now())]).toEqual(['RS256', 'ES256']);
    stored = ['EdDSA'];
    nowMs = 999;
    expect([...(await inUse.now())]).toEqual(['RS256', 'ES256']);
    nowMs = 1000;
    expect([...(await inUse.now())]).toEqual(['RS256', 'ES256', 'EdDSA']);
    stored = [];
    nowMs = 5000;
    expect([...(await inUse.now())]).toEqual(['RS256', 'ES256', 'EdDSA']);
  });
});
