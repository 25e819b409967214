import * as oidc from 'openid-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type App,
  basic,
  codeFor,
  json,
  openApp,
  redirectOf,
  secretOf,
  type Tokens,
} from '../../world/app.ts';
import { type Answer, Browser } from '../../world/browser.ts';
import { clients, startWorld, type World } from '../../world/world.ts';

const odd = [
  { id: 'wild', secret: 'p%c3 +:/&=?%zz"quoted"', redirectUris: ['https://wild.test/cb'] },
  // as `openssl rand -base64` makes them: read as encoded, the plus would be a space
  { id: 'base64', secret: 'Zm9v+YmFy+cXV4/w==', redirectUris: ['https://base64.test/cb'] },
];
const flooded = {
  id: 'flooded',
  secret: 'flooded-secret',
  redirectUris: ['https://flooded.test/'],
};

describe('client authentication', () => {
  let world: World;
  let app: App;
  let tokens: Tokens;
  beforeAll(async () => {
    world = await startWorld({ clients: [...clients, ...odd, flooded] });
    app = await openApp(world, 'grafana');
    tokens = await app.login();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const token = (form: Record<string, string>, headers: Record<string, string>, from?: string) =>
    new Browser(from).open(`${world.issuer}/token`, {
      form: { grant_type: 'authorization_code', ...form },
      headers,
    });

  test.each([
    ['client_secret_basic', 'grafana', oidc.ClientSecretBasic(secretOf('grafana'))],
    ['oidcc-client-secret-post', 'post', oidc.ClientSecretPost(secretOf('post'))],
    ['post where Basic is registered', 'grafana', oidc.ClientSecretPost(secretOf('grafana'))],
    ['Basic where post is registered', 'post', oidc.ClientSecretBasic(secretOf('post'))],
    ['none with PKCE', 'spa', oidc.None()],
  ])('%s', async (_, id, authentication) => {
    const one = await openApp(world, id, authentication);
    const { refresh_token: refresh = '' } = await one.login();
    const again = await oidc.refreshTokenGrant(one.config, refresh);
    expect(again.claims()?.sub).toBe('userid:1');
  });

  test.each([
    ['encoded', (text: string) => encodeURIComponent(text)],
    ['form-encoded', (text: string) => new URLSearchParams([['', text]]).toString().slice(1)],
    ['not encoded', (text: string) => text],
  ])('Basic credentials with odd characters, %s', async (_, encode) => {
    for (const { id, secret, redirectUris } of odd) {
      const uri = redirectUris[0] ?? '';
      const pair = Buffer.from(`${id}:${encode(secret)}`).toString('base64');
      const answer = await token(
        { code: await codeFor(world, id, uri), redirect_uri: uri },
        { authorization: `Basic ${pair}` },
      );
      expect(json(answer)).toMatchObject({ token_type: 'Bearer' });
    }
  });

  test('Basic and post at once are refused', async () => {
    const uri = redirectOf('grafana');
    const post = { client_id: 'grafana', client_secret: secretOf('grafana') };
    const code = await codeFor(world, 'grafana', uri);
    const answer = await token({ code, redirect_uri: uri, ...post }, basic('grafana'));
    expect(answer.status).toBe(400);
    expect(json(answer)).toMatchObject({ error: 'invalid_request' });
  });

  const right = secretOf('grafana');
  const wrong: [string, Record<string, string>, Record<string, string>][] = [
    ['nothing', {}, {}],
    ['the client ID alone (T02)', { client_id: 'grafana' }, {}],
    ['an empty secret', { client_id: 'grafana', client_secret: '' }, {}],
    ['an empty Basic secret', {}, basic('grafana', '')],
    ['another secret', {}, basic('grafana', 'x')],
    ['a secret that is cut', {}, basic('grafana', right.slice(0, -1))],
    ['a secret with a suffix', {}, basic('grafana', `${right}0`)],
    ['a secret with a NUL behind', {}, basic('grafana', `${right}\0`)],
    ['a secret in capitals', {}, basic('grafana', right.toUpperCase())],
    ["another client's secret", {}, basic('grafana', secretOf('post'))],
    ['a secret of 10 kB', { client_id: 'grafana', client_secret: 'x'.repeat(10_000) }, {}],
    ['what is stored of it', {}, basic('grafana', 'hmac-sha256:')],
    ['an unknown client', {}, { authorization: `Basic ${btoa(`nobody:${right}`)}` }],
    ['Bearer credentials', { client_id: 'grafana' }, { authorization: `Bearer ${right}` }],
    ['Basic without a colon', {}, { authorization: `Basic ${btoa('grafana')}` }],
    ['Basic that is no base64', {}, { authorization: 'Basic ~~~' }],
    ['a public client ID', { client_id: 'spa' }, {}],
    ["another client's ID in the body", { client_id: 'post' }, basic('grafana')],
    [
      'an unsigned assertion',
      {
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: `${btoa('{"alg":"none"}')}.${btoa('{"iss":"grafana","sub":"grafana"}')}.`,
      },
      {},
    ],
  ];
  test.each(wrong)(
    'T02 T16 %s redeems, refreshes, sees, ends nothing',
    async (name, form, headers) => {
      const uri = redirectOf('grafana');
      const code = await codeFor(world, 'grafana', uri);
      // each from its own address, as wrong secrets are counted by it
      const from = new Browser(`127.0.1.${1 + wrong.findIndex(([one]) => one === name)}`);
      const post = (path: string, fields: Record<string, string>) =>
        from.open(`${world.issuer}${path}`, { form: { ...fields, ...form }, headers });
      const tries = [
        await post('/token', { grant_type: 'authorization_code', code, redirect_uri: uri }),
        await post('/token', {
          grant_type: 'refresh_token',
          refresh_token: tokens.refresh_token ?? '',
        }),
        await post('/introspect', { token: tokens.access_token }),
        await post('/revoke', { token: tokens.access_token }),
      ];
      for (const answer of tries) refusedClient(answer, form, headers);
      // all of it is still alive
      const redeemed = await token({ code, redirect_uri: uri }, basic('grafana'));
      expect(json(redeemed)).toHaveProperty('access_token');
      const seen = await oidc.tokenIntrospection(app.config, tokens.access_token);
      expect(seen.active).toBe(true);
    },
  );

  /** A public client is who it says it is, but sees nothing of others'. */
  function refusedClient(
    answer: Answer,
    form: Record<string, string>,
    headers: Record<string, string>,
  ) {
    expect(answer.headers['cache-control']).toBe('no-store');
    if (form['client_id'] === 'spa') {
      const { active, error } =
        answer.body === '' ? { active: false, error: undefined } : json(answer);
      expect(active === false || error === 'invalid_grant').toBe(true);
      return;
    }
    expect([400, 401]).toContain(answer.status);
    expect(json(answer)['error']).toMatch(/^invalid_(client|request)$/);
    if (answer.status === 401 && headers['authorization'])
      expect(answer.headers['www-authenticate']).toMatch(/^Basic /);
  }

  test('T16 a flood of wrong secrets is 429, and the right client elsewhere goes on', async () => {
    const uri = flooded.redirectUris[0] ?? '';
    const code = await codeFor(world, 'flooded', uri);
    const headers = (secret: string) => ({
      authorization: `Basic ${btoa(`flooded:${encodeURIComponent(secret)}`)}`,
    });
    const flood = await Promise.all(
      Array.from({ length: 60 }, (_, guess) =>
        token({ code }, headers(`guess ${guess}`), '127.0.0.2'),
      ),
    );
    const limited = flood.filter(({ status }) => status === 429);
    expect(limited.length).toBeGreaterThan(20);
    expect(flood.filter(({ status }) => status === 401).length).toBeGreaterThan(0);
    for (const answer of limited) {
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
      expect(json(answer)).toHaveProperty('error');
    }
    const form = { code, redirect_uri: uri };
    // the right secret no longer helps the guesser, or the answer would tell it apart
    expect((await token(form, headers(flooded.secret), '127.0.0.2')).status).toBe(429);
    const answer = await token(form, headers(flooded.secret), '127.0.0.1');
    expect(json(answer)).toMatchObject({ token_type: 'Bearer' });
  });
});
