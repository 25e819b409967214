import * as oidc from 'openid-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type App, openApp, parameters, press } from '../../world/app.ts';
import { type Answer, Browser } from '../../world/browser.ts';
import { startWorld, type World } from '../../world/world.ts';

const bye = 'https://grafana.test/bye';
const yes = { logout: 'yes' };

describe('logout', () => {
  let world: World;
  let app: App;
  beforeAll(async () => {
    world = await startWorld();
    app = await openApp(world, 'grafana');
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const logout = (browser: Browser, query: Record<string, string> = {}) =>
    browser.open(`${world.issuer}/logout?${new URLSearchParams(query)}`);

  async function loggedIn(browser: Browser): Promise<boolean> {
    const { answer } = await app.visit(browser, { prompt: 'none' });
    const { code, error } = parameters(answer);
    if (code === undefined) expect(error).toBe('login_required');
    return code !== undefined;
  }

  function expectPage(answer: Answer, status: number): void {
    expect(answer).toMatchObject({ status, location: undefined });
    expect(answer.headers['content-type']).toMatch(/^text\/html/);
    expect(answer.headers['content-security-policy']).toContain("frame-ancestors 'none'");
  }

  test('oidcc-rp-initiated-logout: page, click, exact redirect with state', async () => {
    const browser = new Browser();
    const tokens = await app.login(browser);
    const url = oidc.buildEndSessionUrl(app.config, {
      id_token_hint: tokens.id_token ?? '',
      post_logout_redirect_uri: bye,
      state: '{"x":"ü &"}',
    });
    const page = await browser.open(url);
    expectPage(page, 200);
    expect(page.body).toContain('Grafana');
    expect(page.body).toContain('alice@example.com');
    expect(await loggedIn(browser)).toBe(true);

    const again = await browser.open(url);
    const answer = await press(browser, again, world, yes);
    expect(answer.status).toBe(303);
    expect(answer.location?.href.startsWith(`${bye}?`)).toBe(true);
    expect(parameters(answer)).toEqual({ state: '{"x":"ü &"}' });
    expect(await loggedIn(browser)).toBe(false);

    // the network still knows who it is: the next login needs no password
    expect((await app.login(browser)).claims()?.sub).toBe('userid:1');
  });

  test('staying signed in keeps the session and follows the redirect', async () => {
    const browser = new Browser();
    await app.login(browser);
    const page = await logout(browser, { client_id: 'grafana', post_logout_redirect_uri: bye });
    const answer = await press(browser, page, world, {});
    expect(answer.location?.href).toBe(bye);
    expect(await loggedIn(browser)).toBe(true);
  });

  test('a session of another browser lives on', async () => {
    const [one, two] = [new Browser(), new Browser()];
    await app.login(one);
    await app.login(two);
    await press(one, await logout(one), world, yes);
    expect(await loggedIn(one)).toBe(false);
    expect(await loggedIn(two)).toBe(true);
  });

  test('oidcc-rp-initiated-logout-no-params: page, click, our own page', async () => {
    const browser = new Browser();
    await app.login(browser);
    const page = await logout(browser);
    expectPage(page, 200);
    const answer = await press(browser, page, world, yes);
    expectPage(answer, 200);
    expect(await loggedIn(browser)).toBe(false);
  });

  test('oidcc-rp-initiated-logout-only-state: the state goes nowhere', async () => {
    const browser = new Browser();
    await app.login(browser);
    const page = await logout(browser, { state: 'secret-state' });
    expect(page.body).not.toContain('secret-state');
    const answer = await press(browser, page, world, yes);
    expectPage(answer, 200);
    expect(answer.body).not.toContain('secret-state');
  });

  test('oidcc-rp-initiated-logout-no-id-token-hint: without hint and client no redirect', async () => {
    const browser = new Browser();
    await app.login(browser);
    const page = await logout(browser, { post_logout_redirect_uri: bye });
    const answer = await press(browser, page, world, yes);
    expectPage(answer, 200);
  });

  test('oidcc-rp-initiated-logout-no-post-logout-redirect-uri, by POST', async () => {
    const browser = new Browser();
    const { id_token: hint = '' } = await app.login(browser);
    const page = await browser.open(`${world.issuer}/logout`, { form: { id_token_hint: hint } });
    expectPage(page, 200);
    const answer = await press(browser, page, world, yes);
    expectPage(answer, 200);
    expect(await loggedIn(browser)).toBe(false);
  });

  test('oidcc-rp-initiated-logout-modified-id-token-hint and a hint of another client', async () => {
    const browser = new Browser();
    const { id_token: hint = '' } = await app.login(browser);
    const other = await (await openApp(world, 'post')).login();
    for (const query of [
      { id_token_hint: `${hint}x` },
      { id_token_hint: hint, client_id: 'post' },
      { id_token_hint: other.id_token ?? '', post_logout_redirect_uri: bye },
      { client_id: 'nobody', post_logout_redirect_uri: bye },
    ]) {
      const answer = await logout(browser, query);
      expectPage(answer, 400);
      expect(answer.body).not.toContain('<form');
      expect(answer.body).not.toMatch(/login request|This login/u);
    }
    expect(await loggedIn(browser)).toBe(true);
  });

  const uris = [
    'https://evil.test/',
    `${bye}/`,
    `${bye}?x`,
    `${bye}?`,
    `${bye}#`,
    'https://grafana.test/BYE',
    'https://grafana.test@evil.test/bye',
    'https://grafana.test\\@evil.test/bye',
    'https://grafana.test/bye\r\nLocation: https://evil.test',
    'http://grafana.test/bye',
    '//grafana.test/bye',
    '/bye',
    'https://grafana.test/login/generic_oauth',
    'javascript:alert(document.domain)',
    'data:text/html,<script>alert(1)</script>',
    '"><script>alert(1)</script>',
  ];
  test.each(uris)('T09 oidcc-rp-initiated-logout-bad-post-logout-redirect-uri: %j', async (uri) => {
    const browser = new Browser();
    const { id_token: hint = '' } = await app.login(browser);
    for (const by of [{ id_token_hint: hint }, { client_id: 'grafana' }]) {
      const answer = await logout(browser, { ...by, post_logout_redirect_uri: uri });
      expectPage(answer, 400);
      expect(answer.body).not.toMatch(/<script|evil\.test|javascript:/);
    }
    // without a client nothing is checked, and nothing followed
    const page = await logout(browser, { post_logout_redirect_uri: uri });
    expect(page.body).not.toMatch(/<script|evil\.test|javascript:/);
    const answer = await press(browser, page, world, yes);
    expectPage(answer, 200);
  });

  const markup = '"><img src=x onerror=alert(1)><script>alert(2)</script>\'`{{7*7}}';
  test('T09 hostile values never become markup', async () => {
    const browser = new Browser();
    await app.login(browser);
    const names = ['state', 'ui_locales', 'logout_hint', 'client_id', 'id_token_hint', 'xsrf', 'x'];
    for (const name of names) {
      for (const answer of [
        await logout(browser, { [name]: markup }),
        await browser.open(`${world.issuer}/logout`, { form: { [name]: markup } }),
        await browser.open(
          `${world.issuer}/logout/success?${new URLSearchParams({ [name]: markup })}`,
        ),
      ]) {
        expect([200, 400]).toContain(answer.status);
        expect(answer.body).not.toMatch(/<img|<script>alert|\{\{7/);
      }
    }
  });

  test('T09 without a session: on at once, to nowhere but the registered URI', async () => {
    const browser = new Browser();
    const answer = await logout(browser, {
      client_id: 'grafana',
      post_logout_redirect_uri: bye,
      state: markup,
    });
    expect(answer.status).toBe(200);
    expect(answer.body).not.toMatch(/<img|<script>alert/);
    const end = await press(browser, answer, world);
    expect(end.location?.href.startsWith(`${bye}?`)).toBe(true);
    expect(parameters(end)).toEqual({ state: markup });
  });

  test('the click needs the page: no token, a wrong one, another site, another browser', async () => {
    const browser = new Browser();
    await app.login(browser);
    const page = await logout(browser);
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.body)?.[1] ?? '';
    expect(xsrf.length).toBeGreaterThan(20);
    const own = { origin: world.issuer };
    const post = async (form: Record<string, string | string[]>, headers = own, from = browser) =>
      (await from.open(`${world.issuer}/logout/confirm`, { form: { ...yes, ...form }, headers }))
        .status;
    expect(await post({})).toBe(400);
    expect(await post({ xsrf: `${xsrf}x` })).toBe(400);
    expect(await post({ xsrf: [xsrf, xsrf] })).toBe(400);
    expect(await post({ xsrf }, { origin: 'https://evil.test' })).toBe(403);
    expect(await post({ xsrf }, { origin: 'null' })).toBe(403);
    expect(await post({ xsrf }, own, new Browser())).toBe(400);
    expect(await loggedIn(browser)).toBe(true);
    // one page, one click
    expect(await post({ xsrf })).toBe(303);
    expect(await post({ xsrf })).toBe(400);
  });
});
