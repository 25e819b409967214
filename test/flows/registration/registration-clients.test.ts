import { type AuthorizationServerMetadata, registerClient } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { json } from '../../world/login.ts';
import { recorded, register, registeredIn } from '../../world/register.ts';
import { startWorld, type World } from '../../world/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld({ registration: { perMinute: 1000 } });
});
afterAll(() => world[Symbol.asyncDispose]());

describe('registration bodies as clients send them', () => {
  test.each([...recorded])('%s is registered as it asks', async (_name, body) => {
    const answer = await register(world.issuer, body);

    const client = registeredIn(answer);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(client.redirect_uris).toEqual(body['redirect_uris']);
    expect(client['grant_types']).toEqual(['authorization_code', 'refresh_token']);
    expect(client['response_types']).toEqual(['code']);
    expect(client['client_name']).toBe(body['client_name']);
    expect(client.client_id_issued_at).toBeTypeOf('number');
    expect(client.registration_access_token).toMatch(/^[A-Za-z0-9_-]{20,}$/);
    expect(client.registration_client_uri).toBe(`${world.issuer}/register/${client.client_id}`);
    expect(Object.entries(client).filter(([, value]) => value === null)).toEqual([]);
    expect(Object.keys(client).filter((name) => name.startsWith('tsidp'))).toEqual([]);
    expect(answer.body).not.toMatch(/hmac-|software_|logo_|jwks/);
    for (const value of [client.client_id, client.client_secret ?? '']) {
      expect(value).not.toMatch(/[:%+]/);
    }
  });

  test.each([...recorded])(
    '%s gets the method that it asked for, and a secret only then',
    async (_name, body) => {
      const client = registeredIn(await register(world.issuer, body));
      const asked = [body['token_endpoint_auth_method'] ?? 'client_secret_basic'].flat();
      const method = asked.find((one) => one !== 'private_key_jwt');

      expect(client['token_endpoint_auth_method']).toBe(method);
      expect('client_secret' in client).toBe(method !== 'none');
      // RFC 7591 3.2.1: required with a secret, meaningless without
      expect(client.client_secret_expires_at).toBe(method === 'none' ? undefined : 0);
    },
  );

  test.each([...recorded])(
    '%s: so does the TypeScript SDK, which reads the answer strictly',
    async (_name, body) => {
      const { body: text } = await world
        .browser()
        .open(`${world.issuer}/.well-known/oauth-authorization-server`);
      const metadata: AuthorizationServerMetadata = JSON.parse(text);
      const client = await registerClient(world.issuer, {
        metadata,
        clientMetadata: body as unknown as Parameters<typeof registerClient>[1]['clientMetadata'],
      });
      expect(client.redirect_uris).toEqual(body['redirect_uris']);
    },
  );

  test('both metadata documents name the endpoint', async () => {
    for (const path of ['openid-configuration', 'oauth-authorization-server']) {
      const answer = await world.browser().open(`${world.issuer}/.well-known/${path}`);
      expect(json(answer)['registration_endpoint']).toBe(`${world.issuer}/register`);
    }
  });
});
