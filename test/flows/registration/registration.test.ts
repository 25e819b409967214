import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditLog } from '../../world/audit-log.ts';
import { Browser } from '../../world/browser.ts';
import { failure, json, tokensOf, userinfo } from '../../world/login.ts';
import {
  confidentialClient,
  manage,
  publicClient,
  type Registered,
  recorded,
  register,
  registered,
  registeredIn,
} from '../../world/register.ts';
import { startWorld, type World } from '../../world/world.ts';
import { callAs, loginWith, refreshWith } from './registered-login.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld({ registration: { perMinute: 1000 } });
});
afterAll(() => world[Symbol.asyncDispose]());

describe('a client that registers itself', () => {
  test.each([
    ['public', publicClient],
    ['confidential', confidentialClient],
  ])('%s: logs in, refreshes, manages itself and is gone when it says so', async (_name, body) => {
    const client = await registered(world.issuer, body);

    const tokens = await loginWith(world, client);
    expect(tokens.claims).toMatchObject({ sub: 'userid:1', aud: client.client_id });
    const refreshed = tokensOf(await refreshWith(world, client, tokens.refreshToken));
    expect((await userinfo(world.issuer, refreshed.accessToken)).status).toBe(200);

    const read = json(await manage(client, 'GET'));
    expect(read).toMatchObject({ client_id: client.client_id, client_name: 'An agent' });
    const changed = { ...body, client_id: client.client_id, client_name: 'An agent, renamed' };
    const updated = json(await manage(client, 'PUT', changed));
    expect(updated['client_name']).toBe('An agent, renamed');
    const renewed = { ...client, ...updated } as Registered;
    // a new token, and the old one is dead
    expect(renewed.registration_access_token).not.toBe(client.registration_access_token);
    expect(failure(await manage(client, 'GET'))).toBe('401 invalid_token');
    const again = tokensOf(await refreshWith(world, client, refreshed.refreshToken));

    const deleted = await manage(renewed, 'DELETE');
    expect([deleted.status, deleted.body]).toEqual([204, '']);

    const dead = await refreshWith(world, client, again.refreshToken);
    expect(failure(dead)).toBe('401 invalid_client');
    // RFC 6749 5.2: whoever tried Basic is told so
    const challenge = dead.headers['www-authenticate'];
    if (client.client_secret === undefined) expect(challenge).toBeUndefined();
    else expect(challenge).toMatch(/^Basic realm=/);
    expect((await userinfo(world.issuer, again.accessToken)).status).toBe(401);
    expect(failure(await manage(renewed, 'GET'))).toBe('401 invalid_token');
  });

  test.each(['http://localhost:61999/callback', 'http://127.0.0.1:5/callback'])(
    'is called back at any port of a loopback address: %s',
    async (redirectUri) => {
      const client = await registered(world.issuer, recorded.get('claude-code-portless'));
      const tokens = await loginWith(world, client, new Browser(), redirectUri);
      expect(tokens.claims['sub']).toBe('userid:1');
    },
  );

  test('is called back at each of the three that Cursor registers at once', async () => {
    const client = await registered(world.issuer, recorded.get('cursor'));
    for (const uri of client.redirect_uris) {
      expect((await loginWith(world, client, new Browser(), uri)).scope).toContain('openid');
    }
  });

  test('T22 shows its secret once: neither read nor update, log nor audit has it', async () => {
    const client = await registered(world.issuer, confidentialClient);
    const secret = client.client_secret ?? '';
    expect(secret).toHaveLength(43);

    const read = await manage(client, 'GET');
    const update = await manage(client, 'PUT', {
      ...confidentialClient,
      client_id: client.client_id,
      client_secret: secret,
    });
    for (const answer of [read, update]) {
      expect(answer.status, answer.body).toBe(200);
      expect(answer.body).not.toMatch(/"client_secret"|client_secret_expires|hmac-/);
    }
    const written = world.logged() + JSON.stringify(auditLog(world.directory));
    expect(written).not.toContain(secret);
    expect(written).not.toContain(client.registration_access_token);
  });

  test('may name its own secret in an update, and no other', async () => {
    const client = await registered(world.issuer, confidentialClient);
    const wrong = { ...confidentialClient, client_id: client.client_id, client_secret: 'wrong' };
    expect(failure(await manage(client, 'PUT', wrong))).toBe('400 invalid_request');
  });

  test('gets a secret when it turns confidential, and has none when it turns public', async () => {
    const client = await registered(world.issuer);
    const id = { client_id: client.client_id };
    const confidential = {
      ...client,
      ...json(await manage(client, 'PUT', { ...confidentialClient, ...id })),
    } as Registered;
    expect(confidential.client_secret).toHaveLength(43);
    expect(confidential.client_secret_expires_at).toBe(0);
    expect((await loginWith(world, confidential)).claims['sub']).toBe('userid:1');

    const back = json(await manage(confidential, 'PUT', { ...publicClient, ...id }));
    expect(back).not.toHaveProperty('client_secret');
    expect(back).not.toHaveProperty('client_secret_expires_at');
    const answer = await callAs(world, confidential, '/token', {
      grant_type: 'refresh_token',
      refresh_token: 'x',
    });
    expect(failure(answer)).toBe('401 invalid_client');
    expect((await loginWith(world, client)).claims['sub']).toBe('userid:1');
  });

  test('T01 its registration access token opens no other client', async () => {
    const [mine, other] = [await registered(world.issuer), await registered(world.issuer)];
    const { registration_client_uri: uri } = other;
    for (const method of ['GET', 'DELETE'] as const) {
      expect(failure(await manage({ ...mine, registration_client_uri: uri }, method))).toBe(
        '401 invalid_token',
      );
    }
    expect((await manage(other, 'GET')).status).toBe(200);
  });

  test('cannot change a client of the configuration file', async () => {
    const client = await registered(world.issuer);
    const uri = `${world.issuer}/register/grafana`;
    const answer = await manage({ ...client, registration_client_uri: uri }, 'DELETE');
    expect(failure(answer)).toBe('401 invalid_token');
    expect((await callAs(world, client, '/token', { grant_type: 'x' })).status).toBe(400);
  });

  test('is recorded with who registered it, from where, and why they might', async () => {
    const client = registeredIn(
      await register(world.issuer, publicClient, new Browser('127.0.0.1')),
    );
    const record = auditLog(world.directory).findLast(
      ({ detail }) => detail['action'] === 'register',
    );
    expect(record).toMatchObject({
      event: 'client',
      subject: 'userid:1',
      detail: {
        name: 'An agent',
        redirectUris: ['https://agent.test/cb'],
        address: '127.0.0.1',
        listener: 'demo',
        trace: [{ field: 'allow_dcr', outcome: 'may register clients' }],
      },
    });
    await manage(client, 'DELETE');
    expect(auditLog(world.directory).at(-1)?.detail).toMatchObject({
      action: 'remove',
      by: 'client',
    });
  });
});
