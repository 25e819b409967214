import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import * as oidc from 'openid-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { acrTailnet } from '../../../src/protocol/assurance.ts';
import { bearer, json, openApp, parameters, redirectOf } from '../../world/app.ts';
import { Browser } from '../../world/browser.ts';
import { startWorld, type World } from '../../world/world.ts';

describe('login', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const authorize = (query: Record<string, string>, browser = new Browser()) =>
    browser.open(`${world.issuer}/authorize?${new URLSearchParams(query)}`);
  const grafana = (more: Record<string, string> = {}) => ({
    client_id: 'grafana',
    response_type: 'code',
    redirect_uri: redirectOf('grafana'),
    ...more,
  });

  test('oidcc-server: one 303 with code, state and iss, then tokens that verify', async () => {
    const app = await openApp(world, 'grafana');
    const visit = await app.visit(new Browser());
    expect(visit.answer.status).toBe(303);
    expect(visit.answer.headers['cache-control']).toBe('no-store');
    expect(visit.answer.location?.href.startsWith(`${redirectOf('grafana')}?`)).toBe(true);
    expect(Object.keys(parameters(visit.answer)).sort()).toEqual(['code', 'iss', 'state']);
    expect(parameters(visit.answer)['iss']).toBe(world.issuer);
    const tokens = await app.redeem(visit);
    expect(tokens).toMatchObject({ token_type: 'bearer', expires_in: 300 });
    expect(tokens.claims()?.sub).toBe('userid:1');
  });

  test('state comes back byte for byte, JSON included', async () => {
    const state = '{"a":[1,"ü & = + %20 #"],"b":"\\u0000 \' <>"}';
    const answer = await authorize(grafana({ state }));
    expect(parameters(answer)['state']).toBe(state);
  });

  test('the redirect URI keeps its own query', async () => {
    const answer = await authorize(grafana({ redirect_uri: 'https://grafana.test/cb?tenant=7' }));
    expect(answer.location?.href).toMatch(/^https:\/\/grafana\.test\/cb\?tenant=7&/);
    expect(parameters(answer)).toMatchObject({ tenant: '7', code: expect.any(String) });
  });

  test('oidcc-ensure-post-request-succeeds: POST is answered as GET', async () => {
    const answer = await new Browser().open(`${world.issuer}/authorize`, { form: grafana() });
    expect(answer.status).toBe(303);
    expect(parameters(answer)).toMatchObject({ code: expect.any(String), iss: world.issuer });
  });

  test.each([
    ['left out', '', 'openid profile email'],
    ['with commas', 'openid,email, groups', 'openid email groups'],
    ['unknown ones dropped', 'openid username email roles', 'openid email'],
    ['only unknown ones', 'username', 'openid profile email'],
    ['oidcc-scope-all', 'openid profile email address phone', 'openid profile email address phone'],
    // OpenID Connect Core 11: a refresh token comes without prompt=consent, so this is what it is called
    ['offline_access', 'openid offline_access', 'openid offline_access'],
    ['offline_access alone', 'offline_access', 'openid profile email offline_access'],
  ])('scope %s: the granted one is returned', async (_, scope, granted) => {
    const app = await openApp(world, 'grafana');
    const tokens = await app.login(new Browser(), { scope });
    expect(sorted(tokens.scope)).toEqual(sorted(granted));
    expect(tokens.refresh_token).toEqual(expect.any(String));
  });

  test.each([
    ['oidcc-ensure-request-with-unknown-parameter-succeeds', { extra: 'foobar', tsidp: 'no' }],
    ['oidcc-display-page', { display: 'page' }],
    ['oidcc-display-popup', { display: 'popup' }],
    ['oidcc-ui-locales', { ui_locales: 'se fi-FI x-y' }],
    ['oidcc-claims-locales', { claims_locales: 'se' }],
    ['oidcc-login-hint', { login_hint: 'bob@example.com' }],
    ['unknown prompt', { prompt: 'create' }],
    ['oidcc-ensure-request-without-nonce-succeeds-for-code-flow', { nonce: '' }],
  ])('%s: ignored, a code', async (_, more) => {
    const app = await openApp(world, 'grafana');
    const tokens = await app.login(new Browser(), more);
    expect(tokens.claims()?.sub).toBe('userid:1');
    expect(tokens.claims()?.nonce === undefined).toBe('nonce' in more);
  });

  test('oidcc-claims-essential: name in userinfo and ID token', async () => {
    const claims = { userinfo: { name: { essential: true } }, id_token: { name: null } };
    const app = await openApp(world, 'grafana');
    const tokens = await app.login(new Browser(), {
      scope: 'openid',
      claims: JSON.stringify(claims),
    });
    expect(tokens.claims()).toMatchObject({ name: 'Alice Ångström' });
    const info = await oidc.fetchUserInfo(app.config, tokens.access_token, 'userid:1');
    expect(info).toMatchObject({ sub: 'userid:1', name: 'Alice Ångström' });
    expect(info).not.toHaveProperty('email');
  });

  test('oidcc-ensure-request-with-acr-values-succeeds: the acr of the network', async () => {
    const app = await openApp(world, 'grafana');
    const asked = await app.login(new Browser(), { acr_values: `urn:x 1 ${acrTailnet}` });
    expect(asked.claims()?.['acr']).toBe(acrTailnet);
    const unknown = await app.login(new Browser(), { acr_values: '1 2' });
    expect(unknown.claims()?.['acr']).toBe(acrTailnet);
  });

  test('response_mode=fragment', async () => {
    const answer = await authorize(grafana({ response_mode: 'fragment', state: 's' }));
    expect(answer.status).toBe(303);
    expect(answer.location?.search).toBe('');
    expect(Object.fromEntries(new URLSearchParams(answer.location?.hash.slice(1)))).toEqual({
      code: expect.any(String),
      state: 's',
      iss: world.issuer,
    });
  });

  test('response_mode=form_post: a page that posts to the app alone', async () => {
    const state = '"><script>alert(1)</script>';
    const answer = await authorize(grafana({ response_mode: 'form_post', state }));
    expect(answer.status).toBe(200);
    expect(answer.body).toContain(`action="${redirectOf('grafana')}"`);
    expect(answer.body).toContain(`name="iss" value="${world.issuer}"`);
    expect(answer.body).toMatch(/name="code" value="[\w-]{20,}"/);
    expect(answer.body).not.toContain('<script>alert');
    const policy = String(answer.headers['content-security-policy']);
    expect(policy).toContain("form-action 'self' https: http:;");
    expect(policy).toMatch(/script-src ('self' )?'sha256-[^']+'/);
    expect(policy).not.toContain('unsafe-inline');
  });

  test.each([
    ['grafana', 'RS256'],
    ['es256', 'ES256'],
    ['eddsa', 'EdDSA'],
  ])('oidcc-idtoken-signature: %s gets %s, which our keys verify', async (id, alg) => {
    const app = await openApp(world, id);
    const { id_token: token = '' } = await app.login();
    const keys = createRemoteJWKSet(new URL(`${world.issuer}/.well-known/jwks.json`));
    expect(decodeProtectedHeader(token)).toMatchObject({ alg, kid: expect.any(String) });
    const { payload } = await jwtVerify(token, keys, {
      issuer: world.issuer,
      audience: id,
      algorithms: [alg],
      requiredClaims: ['sub', 'exp', 'iat', 'nbf', 'jti', 'nonce'],
    });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(300);
  });

  test('oidcc-userinfo-get, -post-header, -post-body: one answer', async () => {
    const app = await openApp(world, 'grafana');
    const { access_token: token } = await app.login();
    const url = `${world.issuer}/userinfo`;
    const accept = { accept: 'text/html' };
    const byGet = await new Browser().open(url, { headers: { ...bearer(token), ...accept } });
    const byPost = await new Browser().open(url, { method: 'POST', headers: bearer(token) });
    const byBody = await new Browser().open(url, { form: { access_token: token } });
    for (const answer of [byGet, byPost, byBody]) {
      expect(answer.status).toBe(200);
      expect(answer.headers).toMatchObject({ 'cache-control': 'no-store' });
      expect(answer.headers['content-type']).toMatch(/^application\/json/);
      expect(json(answer)).toMatchObject({ sub: 'userid:1', email: 'alice@example.com' });
    }
    expect(byPost.body).toBe(byGet.body);
    expect(byBody.body).toBe(byGet.body);
    const refused = await new Browser().open(url, { headers: bearer(`${token}x`) });
    expect(refused.status).toBe(401);
    expect(refused.headers['www-authenticate']).toMatch(/^Bearer .*error="invalid_token"/);
  });

  test('two parallel logins of one browser, for two scopes, keep both tokens', async () => {
    const app = await openApp(world, 'grafana');
    const browser = new Browser();
    await app.login(browser);
    const [narrow, wide] = await Promise.all([
      app.login(browser, { scope: 'openid' }),
      app.login(browser, { scope: 'openid profile email groups' }),
    ]);
    const infos = await Promise.all(
      [narrow, wide].map((tokens) =>
        oidc.fetchUserInfo(app.config, tokens.access_token, 'userid:1'),
      ),
    );
    expect(infos[0]).not.toHaveProperty('email');
    expect(infos[1]).toMatchObject({ email: 'alice@example.com', groups: ['admins'] });
    for (const { refresh_token: token = '' } of [narrow, wide]) {
      await expect(oidc.refreshTokenGrant(app.config, token)).resolves.toHaveProperty('id_token');
    }
  });
});

function sorted(scope: string | undefined): string[] {
  return (scope ?? '').split(' ').sort();
}
