import { afterAll, beforeAll, expect, it } from 'vitest';
import { doorsOf } from '../../world/callers.ts';
import { type Everywhere, listenEverywhere } from './listener-world.ts';

let world: Everywhere;
let doors: ReturnType<typeof doorsOf>;
beforeAll(async () => {
  world = await listenEverywhere();
  doors = doorsOf(world);
});
afterAll(() => world[Symbol.asyncDispose]());

it.each(['openid-configuration', 'oauth-authorization-server'])(
  '%s names what is here at the base URL, and the rest at the issuer',
  async (name) => {
    const path = `/.well-known/${name}`;
    const { body } = await doors.backchannel.send('unknown', { path, fields: [] });
    const { issuer, baseUrl } = world;
    expect(JSON.parse(body)).toMatchObject({
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      end_session_endpoint: `${issuer}/logout`,
      pushed_authorization_request_endpoint: `${issuer}/request`,
      jwks_uri: `${baseUrl}/.well-known/jwks.json`,
      token_endpoint: `${baseUrl}/token`,
      userinfo_endpoint: `${baseUrl}/userinfo`,
      introspection_endpoint: `${baseUrl}/introspect`,
      revocation_endpoint: `${baseUrl}/revoke`,
    });
    const front = await doors.tailnet.send('member', { path, fields: [] });
    expect(front.body).not.toContain(baseUrl);
  },
);

it.each(['tsidp.internal', 'TSIDP.internal.:1', '127.0.0.21:9'])(
  'is at home as %s',
  async (host) => {
    const path = '/.well-known/jwks.json';
    const fields = [['Host', host]] as const;
    expect((await doors.backchannel.send('unknown', { path, fields })).status).toBe(200);
  },
);

it.each(['idp.tailnet.test', '127.0.0.1', 'evil.example', 'tsidp.internal.evil.example'])(
  'T33 is not at home as %s',
  async (host) => {
    const path = '/.well-known/jwks.json';
    const fields = [['Host', host]] as const;
    expect((await doors.backchannel.send('unknown', { path, fields })).status).toBe(421);
  },
);
