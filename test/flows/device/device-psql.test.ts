import { readFileSync } from 'node:fs';
import { parse } from 'jsonc-parser';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser } from '../../world/browser.ts';
import { failure, json } from '../../world/login.ts';
import { startWorld, type World } from '../../world/world.ts';
import { type DeviceAnswer, decide, deviceGrant } from './device.ts';

const guide = readFileSync(new URL('../../../docs/device-flow.md', import.meta.url), 'utf8');
const [terminal = '', database = ''] = [...guide.matchAll(/```jsonc\n([\s\S]*?)```/g)].map(
  ([, block = '']) => block,
);
const secret = 'postgres-secret-that-is-long-enough';
const clients = [parse(terminal), ...parse(`{${database}}`).clients].map(
  ({ secretFile, ...client }) => (secretFile === undefined ? client : { ...client, secret }),
);
const withSecret = { id: 'psql-secret', secret, grantTypes: [deviceGrant] };

let world: World;
beforeAll(async () => {
  world = await startWorld({ clients: [...clients, withSecret] });
});
afterAll(() => world[Symbol.asyncDispose]());

const basic = (id: string) => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
});

/** As src/interfaces/libpq-oauth/oauth-curl.c of PostgreSQL 18 sends it: no `client_id` beside Basic credentials. */
const send = (path: string, form: Record<string, string>, id: string) => {
  const isPublic = id !== withSecret.id;
  return new Browser('127.0.0.2').open(`${world.issuer}${path}`, {
    form: isPublic ? { ...form, client_id: id } : form,
    headers: isPublic ? {} : basic(id),
  });
};

test.each(['psql', 'terminal', 'psql-secret'])(
  'libpq as %s, with the guide as configuration',
  async (id) => {
    const discovery = await new Browser().open(`${world.issuer}/.well-known/openid-configuration`);
    const metadata = json(discovery);
    expect(metadata['issuer']).toBe(world.issuer);
    expect(metadata['grant_types_supported']).toContain(deviceGrant);
    expect(metadata['device_authorization_endpoint']).toBe(`${world.issuer}/device_authorization`);

    const asked = await send('/device_authorization', { scope: 'openid email' }, id);
    expect(asked.headers['content-type']).toMatch(/^application\/json/);
    const begun = JSON.parse(asked.body) as DeviceAnswer;
    // libpq refuses other types
    expect(begun).toMatchObject({
      device_code: expect.any(String),
      user_code: expect.any(String),
      verification_uri: expect.any(String),
      expires_in: expect.any(Number),
      interval: expect.any(Number),
    });
    const form = { device_code: begun.device_code, grant_type: deviceGrant };
    expect(failure(await send('/token', form, id))).toBe('400 authorization_pending');
    await decide(world.browser('127.0.0.2'), world, begun.user_code);
    const tokens = json(await send('/token', form, id));
    expect(tokens).toMatchObject({ access_token: expect.any(String), token_type: 'Bearer' });

    const seen = await new Browser('127.0.0.9').open(`${world.issuer}/introspect`, {
      form: { token: String(tokens['access_token']) },
      headers: basic('postgres-server'),
    });
    expect(json(seen)).toMatchObject({
      active: true,
      client_id: id,
      username: 'bob@example.com',
      email: 'bob@example.com',
    });
  },
);
