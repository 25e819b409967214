import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ClientOptions } from '../../../src/config/client-options.ts';
import { allowInPolicy } from '../../world/allow.ts';
import { Browser } from '../../world/browser.ts';
import { failure, isActive, json, login, userinfo } from '../../world/login.ts';
import {
  confidentialClient,
  publicClient,
  type Registered,
  registered,
} from '../../world/register.ts';
import { all, configuration, introspect, mcp, notes, post } from '../../world/resource-world.ts';
import { inStore } from '../../world/strangers-world.ts';
import { startWorld, type World } from '../../world/world.ts';
import { callAs } from '../registration/registered-login.ts';
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

interface Issued {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly scope: string;
}

const refresh = (client: Registered, token: string, more: Record<string, string> = {}) =>
  callAs(world, client, '/token', { grant_type: 'refresh_token', refresh_token: token, ...more });

describe('T05 T06 a client that came by itself gets what its page showed, and at /token no more', () => {
  let client: Registered;
  beforeEach(async () => {
    client = await registered(world.issuer, {
      ...publicClient,
      client_name: `Agent ${Math.random()}`,
    });
  });

  test('no resource that the login did not name', async () => {
    const plain = await allowedLogin(world, client, { scope: 'openid' });
    expect(plain.page.body).not.toContain(mcp);
    const answer = await redeemAs(world, client, plain, { resource: mcp });
    expect(failure(answer)).toBe('400 invalid_target');

    const one = await allowedLogin(world, client, { scope: 'openid read_file', resource: mcp });
    expect(failure(await redeemAs(world, client, one, { resource: notes }))).toBe(
      '400 invalid_target',
    );
    const tokens = json(
      await redeemAs(
        world,
        client,
        await allowedLogin(world, client, { scope: 'openid read_file', resource: mcp }),
      ),
    ) as unknown as Issued;
    for (const resource of [notes, 'https://nowhere.test/', `${mcp}/x`]) {
      const again = await refresh(client, tokens.refresh_token, { resource });
      expect(failure(again), resource).toBe('400 invalid_target');
    }
  });

  test('no scope that the login did not name, at another resource least of all', async () => {
    const code = await allowedLogin(world, client, { scope: 'openid read_file', resource: mcp });
    const tokens = json(
      await redeemAs(world, client, code, { scope: 'run_code read_file' }),
    ) as unknown as Issued;
    expect(tokens.scope.split(' ').sort()).toEqual(['openid', 'read_file']);
    for (const scope of ['run_code', 'read_file run_code', 'openid profile email']) {
      const again = await refresh(client, tokens.refresh_token, { scope });
      expect([failure(again), scope]).toEqual(['400 invalid_scope', scope]);
    }
  });

  test('T17 consent for one resource is none for another, nor for none', async () => {
    await allowedLogin(world, client, { scope: 'openid read_file', resource: mcp });
    const again = async (query: Record<string, string>) =>
      (await allowedLogin(world, client, query)).wasAsked;
    expect(await again({ scope: 'openid read_file', resource: mcp })).toBe(false);
    expect(await again({ scope: 'openid notes', resource: notes })).toBe(true);
    expect(await again({ scope: 'openid notes', resource: notes })).toBe(false);
    expect(await again({ scope: 'openid', resource: 'https://granted.test/x' })).toBe(true);

    const other = await registered(world.issuer, publicClient);
    client = other;
    await allowedLogin(world, client, { scope: 'openid' });
    expect(await again({ scope: 'openid' })).toBe(false);
    expect(await again({ scope: 'openid', resource: mcp })).toBe(true);
  });
});

describe('T17 what the tokens of a resource say of a person', () => {
  test('stands on the page, though the client did not ask for it: it can read them', async () => {
    const client = await registered(world.issuer);
    const allowed = await allowedLogin(world, client, { scope: 'read_file', resource: mcp });
    expect(allowed.page.body).toContain('your e-mail address');
    expect(allowed.page.body).toContain('the groups you belong to');
    const { access_token: token } = json(await redeemAs(world, client, allowed));
    expect(decodeJwt(String(token))).toMatchObject({ email: 'alice@example.com' });

    const other = await allowedLogin(world, client, { scope: 'notes', resource: notes });
    expect(other.page.body).not.toContain('What it learns');
  });
});

describe('T12 tokens of others', () => {
  test.each([
    ['a secret', confidentialClient],
    [
      'a secret in the form',
      { ...confidentialClient, token_endpoint_auth_method: 'client_secret_post' },
    ],
  ])('a client that gave itself %s sees its own tokens, and nobody else’s', async (_, metadata) => {
    const client = await registered(world.issuer, metadata);
    const look = async (token: string) => {
      const { client_id, client_secret } = client;
      const answer =
        metadata['token_endpoint_auth_method'] === 'client_secret_post'
          ? await new Browser('127.0.0.9').open(`${world.issuer}/introspect`, {
              form: { token, client_id, client_secret: client_secret ?? '' },
            })
          : await callAs(world, client, '/introspect', { token });
      return json(answer);
    };
    const victim = await login(new Browser(), world.issuer, 'grafana');
    expect(await look(victim.accessToken)).toEqual({ active: false });
    expect(await look(victim.refreshToken)).toEqual({ active: false });
    expect(await isActive(world.issuer, victim.accessToken, 'post')).toBe(true);
    const forResource = await login(new Browser(), world.issuer, 'grafana', {
      resource: mcp,
      scope: 'openid read_file',
    });
    expect(await look(forResource.accessToken)).toEqual({ active: false });
  });

  test('revoking them changes nothing, opaque or JWT', async () => {
    const stranger = await registered(world.issuer, confidentialClient);
    const opaque = await login(new Browser(), world.issuer, 'grafana');
    const jwt = await login(new Browser(), world.issuer, 'grafana', {
      resource: mcp,
      scope: 'openid read_file',
    });
    for (const token of [
      opaque.accessToken,
      opaque.refreshToken,
      jwt.accessToken,
      jwt.refreshToken,
    ]) {
      expect((await callAs(world, stranger, '/revoke', { token })).status).toBe(200);
    }
    expect(await isActive(world.issuer, opaque.accessToken)).toBe(true);
    expect(await isActive(world.issuer, jwt.refreshToken)).toBe(true);
    expect(await introspect(world, jwt.accessToken)).toMatchObject({ active: true });
  });

  test('a JWT of such a client opens no userinfo, and its resource server sees it', async () => {
    const client = await registered(world.issuer);
    const tokens = json(
      await redeemAs(
        world,
        client,
        await allowedLogin(world, client, { scope: 'openid read_file', resource: mcp }),
      ),
    );
    const token = String(tokens['access_token']);
    expect((await userinfo(world.issuer, token)).status).toBe(403);
    expect(await introspect(world, token)).toMatchObject({
      active: true,
      client_id: client.client_id,
    });
    expect(await introspect(world, token, post)).toEqual({ active: false });
  });
});

describe('T05 a client that had registered itself at tsidp, with a secret', () => {
  test('exchanges nothing: its person was asked about nothing of the kind', async () => {
    const own = await registered(world.issuer, confidentialClient);
    const tokens = json(
      await redeemAs(world, own, await allowedLogin(world, own, { scope: 'openid' })),
    );
    // as an import leaves it, and an approval
    const imported = (more: ClientOptions) =>
      inStore(world, async ({ clients }) => {
        const stored = await clients.find(own.client_id);
        if (!stored) throw new Error('the client is gone');
        const exchange = 'urn:ietf:params:oauth:grant-type:token-exchange';
        const grantTypes = ['authorization_code', 'refresh_token', 'client_credentials', exchange];
        const metadata = { ...stored.metadata, grant_types: grantTypes };
        const options = { dynamic: true, ...more };
        await clients.save({ ...stored, metadata, options, source: 'import' });
      });
    const type = 'urn:ietf:params:oauth:token-type:access_token';
    const attempts = async () => [
      failure(
        await callAs(world, own, '/token', {
          grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
          subject_token: String(tokens['access_token']),
          subject_token_type: type,
          resource: 'https://granted.test/x',
        }),
      ),
      failure(await callAs(world, own, '/token', { grant_type: 'client_credentials' })),
    ];
    await imported({});
    expect(await attempts()).toEqual(['400 unauthorized_client', '400 unauthorized_client']);
    await imported({ approved: true });
    expect(await attempts()).toEqual(['200', '200']);
  });
});
