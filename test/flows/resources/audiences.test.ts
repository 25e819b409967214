import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { databasePath } from '../../../src/store/sqlite/open.ts';
import { openSqlite } from '../../../src/store/sqlite/sqlite.ts';
import type { StoredClient } from '../../../src/store/store.ts';
import { makeCli } from '../../cli/run.ts';
import { load } from '../../config/load.ts';
import { allowInPolicy } from '../../world/allow.ts';
import { Browser } from '../../world/browser.ts';
import { attempt, call, json, login } from '../../world/login.ts';
import { clients, startWorld, type World } from '../../world/world.ts';

const ci = '127.0.0.3';
/** What others want as audience, and cloud consoles show. */
const audiences = [
  'sts.amazonaws.com',
  'api.tailscale.com/k1234511CNTRL-kZDRvszg8621CNTRL',
  'sigstore',
  '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q',
  'api://AzureADTokenExchange',
  'urn:example:audience',
];
const resources = audiences.map((uri) => ({ uri, ttlSeconds: 300 }));

function client(id: string): StoredClient {
  return {
    id,
    metadata: {
      redirect_uris: ['https://spa.test/cb'],
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code'],
      response_types: ['code'],
      application_type: 'web',
    },
    options: {},
    secretVerifier: null,
    source: 'cli',
    createdAt: 0,
    updatedAt: 0,
  };
}

/** As another process would, which knows another configuration. */
async function saveClient({ directory }: World, id: string): Promise<void> {
  const store = openSqlite({ path: databasePath(`${directory}/state`), clock: systemClock });
  await store.clients.save(client(id));
  await store.committed();
  await store.close();
}

describe('audiences that are no URI, declared as resources', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ whoisCacheSeconds: 0, clients, resources });
  });
  beforeEach(() => {
    allowInPolicy(world.simulator, [
      { src: ['tag:ci'], users: ['tag:ci'], resources: audiences },
      {
        src: ['alice@example.com'],
        users: ['alice@example.com'],
        resources: [...audiences, 'undeclared', 'grafana'],
      },
    ]);
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const verified = async (token: string, audience: string) =>
    jwtVerify(token, createRemoteJWKSet(new URL(`${world.issuer}/.well-known/jwks.json`)), {
      issuer: world.issuer,
      audience,
      typ: 'at+jwt',
      algorithms: ['RS256'],
    });
  const machine = async (form: Record<string, string>) => {
    const all = { grant_type: 'client_credentials', ...form };
    return json(await new Browser(ci).open(`${world.issuer}/token`, { form: all }));
  };

  test.each(audiences)('a machine gets a JWT for %s', async (resource) => {
    const { access_token: token } = await machine({ resource });
    const { payload } = await verified(String(token), resource);
    // one text, letter by letter, as those who read it compare
    expect(payload.aud).toBe(resource);
    expect(payload.sub).toMatch(/^node:/);
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(300);
  });

  test('without naming one where grants name one alone', async () => {
    allowInPolicy(world.simulator, [{ src: ['tag:ci'], users: ['*'], resources: ['sigstore'] }]);
    const { access_token: token } = await machine({});
    expect((await verified(String(token), 'sigstore')).payload.aud).toBe('sigstore');
  });

  test('none that grants do not name, and none that nobody declared', async () => {
    allowInPolicy(world.simulator, [{ src: ['tag:ci'], users: ['*'], resources: ['undeclared'] }]);
    expect(await machine({ resource: 'sigstore' })).toMatchObject({ error: 'invalid_target' });
    const { access_token: token } = await machine({ resource: 'undeclared' });
    // it may be the ID of an app
    expect(String(token)).not.toContain('.');
  });

  const exchange = async (audience: string | readonly string[], more: object = {}) => {
    const { accessToken } = await login(world.browser(), world.issuer);
    const form = {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: accessToken,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      audience,
      ...more,
    };
    return json(await call(world.issuer, '/token', 'grafana', form as never));
  };

  test('a token is exchanged for one', async () => {
    for (const audience of audiences) {
      const { access_token: token } = await exchange(audience);
      expect((await verified(String(token), audience)).payload).toMatchObject({ sub: 'userid:1' });
    }
  });

  test.each([['grafana'], ['undeclared'], ['sigstore', 'grafana']])(
    'T06 never a JWT for what may be an app: %s',
    async (...audience) => {
      const { access_token: token } = await exchange(audience);
      expect(String(token)).toMatch(/^[^.]+$/);
      const jwt = 'urn:ietf:params:oauth:token-type:jwt';
      expect(await exchange(audience, { requested_token_type: jwt })).toMatchObject({
        error: 'invalid_target',
      });
    },
  );

  test('T06 no client has such an ID, whoever wrote it down', async () => {
    await saveClient(world, 'sigstore');
    await saveClient(world, 'other');
    const authorize = async (id: string) => {
      const { url } = attempt(world.issuer, 'spa', { client_id: id });
      return world.browser().open(url);
    };
    expect((await authorize('sigstore')).status).toBe(400);
    expect((await authorize('other')).location?.searchParams.get('code')).toBeTruthy();
    // and the daemon does not start on it
    await expect(world.restart({ clients, resources })).rejects.toThrow(
      /resources\[2\]\.uri: "sigstore" is the ID of a client in the database.*clients remove sigstore/,
    );
    await world.restart({ clients, resources: [] });
    expect((await authorize('sigstore')).location?.searchParams.get('code')).toBeTruthy();
  });
});

describe('T06 no client is added under a declared audience', () => {
  const add = (id: string) => [
    ...['clients', 'add', '--id', id],
    ...['--redirect-uri', 'https://x.test/cb'],
  ];
  const refused = {
    exitCode: 2,
    err: expect.stringMatching(/id: .*audience of a declared resource/),
  };

  test('beside a running daemon', async () => {
    await using world = await startWorld({ clients, resources });
    const cli = makeCli({ TSIDP_STATE_DIR: `${world.directory}/state` });
    expect(await cli.run(add('sts.amazonaws.com'))).toMatchObject(refused);
    expect((await cli.run(add('sts.amazonaws'))).exitCode).toBe(0);
  });

  test('without a daemon', async () => {
    const cli = makeCli();
    const file = join(cli.parent, 'tsidp.jsonc');
    writeFileSync(file, JSON.stringify({ resources }));
    const config = ['--config', file];
    expect(await cli.run([...add('sts.amazonaws.com'), ...config])).toMatchObject(refused);
    expect((await cli.run([...add('sts.amazonaws'), ...config])).exitCode).toBe(0);
  });

  test('nor declared', () => {
    const declared = [{ id: 'sigstore', redirectUris: ['https://x.test/cb'] }];
    expect(() => load({ clients: declared, resources })).toThrow(
      /resources\[2\]\.uri: "sigstore" is the ID of a client/,
    );
  });
});
