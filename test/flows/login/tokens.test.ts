import * as oidc from 'openid-client';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  type App,
  basic,
  bearer,
  codeFor,
  json,
  openApp,
  redirectOf,
  type Tokens,
} from '../../world/app.ts';
import { Browser } from '../../world/browser.ts';
import { clients, startWorld, type World } from '../../world/world.ts';

const redirectUri = redirectOf('grafana');

/** Every place where a character can be another, and every cut and addition that matters. */
function* forgeries(value: string): Generator<string> {
  for (let at = 0; at < value.length; at += 1) {
    const other = value[at] === 'A' ? 'B' : 'A';
    yield value.slice(0, at) + other + value.slice(at + 1);
    // base64url's last character has bits that decoding drops: its neighbour must not pass either
    const near = String.fromCharCode(value.charCodeAt(at) ^ 1);
    if (/[\w-]/.test(near)) yield value.slice(0, at) + near + value.slice(at + 1);
    yield value.slice(0, at) + value.slice(at + 1);
  }
  for (const length of [1, 2, 8, 21, 32, 42])
    if (length < value.length) yield value.slice(0, length);
  for (const suffix of ['A', '=', '.', ' ', '\0', '%', value]) yield `${value}${suffix}`;
  for (const prefix of ['A', ' ', '\0', '.']) yield `${prefix}${value}`;
  yield value.toLowerCase();
  yield value.toUpperCase();
}

describe('tokens', () => {
  let world: World;
  let app: App;
  let other: App;
  let spa: App;
  beforeAll(async () => {
    world = await startWorld();
    app = await openApp(world, 'grafana');
    other = await openApp(world, 'post');
    spa = await openApp(world, 'spa');
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const redeem = (code: string, from = app) =>
    from.post('/token', { grant_type: 'authorization_code', code, redirect_uri: redirectUri });
  const refresh = (token: string, from = app) =>
    from.post('/token', { grant_type: 'refresh_token', refresh_token: token });
  const userinfo = (token: string) =>
    new Browser().open(`${world.issuer}/userinfo`, { headers: bearer(token) });
  const introspect = async (token: string, from = app) =>
    json(await from.post('/introspect', { token }));
  const invalidGrant = { error: 'invalid_grant' };

  async function expectAlive({ access_token: access, refresh_token: token = '' }: Tokens) {
    expect((await userinfo(access)).status).toBe(200);
    expect(await introspect(access)).toMatchObject({ active: true });
    expect(json(await refresh(token))).toHaveProperty('access_token');
  }

  async function expectDead({ access_token: access, refresh_token: token = '' }: Tokens) {
    expect((await userinfo(access)).status).toBe(401);
    expect(await introspect(access)).toEqual({ active: false });
    expect(await introspect(token)).toEqual({ active: false });
    expect(json(await refresh(token))).toMatchObject(invalidGrant);
  }

  test("T01 another client's code is invalid_grant, and its owner's still works", async () => {
    const code = await codeFor(world, 'grafana', redirectUri);
    for (let time = 0; time < 3; time += 1) {
      expect(json(await redeem(code, other))).toMatchObject(invalidGrant);
    }
    const asPublic = await spa.post(
      '/token',
      { grant_type: 'authorization_code', code, redirect_uri: redirectUri, client_id: 'spa' },
      {},
    );
    expect(json(asPublic)).toMatchObject(invalidGrant);
    const answer = await redeem(code);
    expect(json(answer)).toHaveProperty('refresh_token');
  });

  test("T01 another client's refresh token is invalid_grant, and its owner's still works", async () => {
    const tokens = await app.login();
    const stolen = tokens.refresh_token ?? '';
    for (let time = 0; time < 3; time += 1) {
      expect(json(await refresh(stolen, other))).toMatchObject(invalidGrant);
    }
    const form = { grant_type: 'refresh_token', refresh_token: stolen, client_id: 'spa' };
    expect(json(await spa.post('/token', form, {}))).toMatchObject(invalidGrant);
    await expectAlive(tokens);
  });

  test("T01 another client's revocation is answered, and changes nothing", async () => {
    const tokens = await app.login();
    for (const token of [tokens.access_token, tokens.refresh_token ?? '']) {
      for (const hint of ['access_token', 'refresh_token']) {
        const form = { token, token_type_hint: hint };
        expect((await other.post('/revoke', form)).status).toBeLessThan(500);
        const asPublic = await spa.post('/revoke', { ...form, client_id: 'spa' }, {});
        expect(asPublic.status).toBeLessThan(500);
      }
    }
    await expectAlive(tokens);
  });

  test.each(['access_token', 'refresh_token'] as const)(
    "revoking the %s ends the whole login's tokens, and no other login's",
    async (kind) => {
      const [tokens, another] = [await app.login(), await app.login()];
      await oidc.tokenRevocation(app.config, tokens[kind] ?? '');
      await expectDead(tokens);
      await expectAlive(another);
      // RFC 7009 2.2: once more is no error
      await oidc.tokenRevocation(app.config, tokens[kind] ?? '');
    },
  );

  test('a wrong token_type_hint does not save a token from revocation', async () => {
    const tokens = await app.login();
    await app.post('/revoke', {
      token: tokens.refresh_token ?? '',
      token_type_hint: 'access_token',
    });
    await expectDead(tokens);
  });

  test('a public client revokes its own', async () => {
    const tokens = await spa.login();
    await oidc.tokenRevocation(spa.config, tokens.refresh_token ?? '');
    expect((await userinfo(tokens.access_token)).status).toBe(401);
  });

  test('oidcc-codereuse: invalid_grant, and what it had issued is revoked', async () => {
    const visit = await app.visit(new Browser());
    const tokens = await app.redeem(visit);
    await expect(app.redeem(visit)).rejects.toMatchObject({ error: 'invalid_grant', status: 400 });
    await expectDead(tokens);
  });

  describe('T11 every change of one character, cut and addition is refused', () => {
    test('of a code', async () => {
      const code = await codeFor(world, 'grafana', redirectUri);
      for (const forged of forgeries(code)) {
        expect(json(await redeem(forged)), forged).toHaveProperty('error');
      }
      expect(json(await redeem(code))).toHaveProperty('access_token');
    });

    test('of an access token', async () => {
      const { access_token: token } = await app.login();
      for (const forged of forgeries(token)) {
        expect(await introspect(forged), forged).toEqual({ active: false });
        const form = { access_token: forged };
        const answer = await new Browser().open(`${world.issuer}/userinfo`, { form });
        expect(answer.status, forged).toBe(401);
      }
      expect(await introspect(token)).toMatchObject({ active: true });
    });

    test('of a refresh token', async () => {
      const { refresh_token: token = '' } = await app.login();
      for (const forged of forgeries(token)) {
        expect(json(await refresh(forged)), forged).toMatchObject(invalidGrant);
      }
      expect(json(await refresh(token))).toHaveProperty('access_token');
    });
  });

  describe('T12 introspection', () => {
    test('an expired token is inactive at its second', async () => {
      const { access_token: token } = await app.login();
      const { exp } = await introspect(token);
      vi.useFakeTimers({ toFake: ['Date'] });
      vi.setSystemTime(Number(exp) * 1000 - 1);
      expect(await introspect(token)).toMatchObject({ active: true });
      expect((await userinfo(token)).status).toBe(200);
      vi.setSystemTime(Number(exp) * 1000);
      expect(await introspect(token)).toEqual({ active: false });
      expect((await userinfo(token)).status).toBe(401);
    });

    test.each([
      ['nobody', {}, {}],
      ['a name alone', { client_id: 'grafana' }, {}],
      ['a wrong secret', {}, basic('grafana', 'wrong')],
      ['an unknown client', {}, { authorization: `Basic ${btoa('x:y')}` }],
      ['a bearer', {}, { authorization: 'Bearer x' }],
    ])('tells %s nothing', async (_, form, headers) => {
      const { access_token: token } = await app.login();
      const answer = await app.post('/introspect', { token, ...form }, headers);
      expect([400, 401]).toContain(answer.status);
      expect(json(answer)['error']).toMatch(/^invalid_(client|request)$/);
    });

    test("a public client sees its own tokens, not others'", async () => {
      const [mine, others] = [await spa.login(), await app.login()];
      const ask = async (token: string) =>
        json(await spa.post('/introspect', { token, client_id: 'spa' }, {}));
      expect(await ask(mine.access_token)).toMatchObject({ active: true, sub: 'userid:1' });
      expect(await ask(others.access_token)).toEqual({ active: false });
      expect(await ask(others.refresh_token ?? '')).toEqual({ active: false });
    });

    test('a resource server sees access tokens of other clients, never refresh tokens', async () => {
      const tokens = await app.login();
      const { access_token: access, refresh_token: token = '' } = tokens;
      expect(await introspect(access, other)).toMatchObject({ active: true, client_id: 'grafana' });
      expect(await introspect(token, other)).toEqual({ active: false });
      // an ID token is not an access token
      expect(await introspect(tokens.id_token ?? '', other)).not.toHaveProperty('active', true);
    });

    test("a deleted client's tokens are inactive", async () => {
      const left = clients.filter(({ id }) => id !== 'es256');
      const gone = await openApp(world, 'es256');
      const { access_token: access, refresh_token: token = '' } = await gone.login();
      expect(await introspect(access)).toMatchObject({ active: true });
      await world.restart({ clients: left });
      expect(await introspect(access)).toEqual({ active: false });
      expect((await userinfo(access)).status).toBe(401);
      expect((await refresh(token, gone)).status).toBe(401);
      await world.restart({ clients });
    });
  });
});
