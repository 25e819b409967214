import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Answer } from '../../world/browser.ts';
import {
  attempt,
  codeFor,
  json,
  login,
  redeem,
  scopes,
  subjectOfCode,
  tokensOf,
  userinfo,
} from '../../world/login.ts';
import { startWorld, type World } from '../../world/world.ts';

type Headers = Record<string, string>;

let world: World;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const visit = (address: string, headers: Headers, more: Headers = {}) =>
  world.browser(address).open(attempt(world.issuer, 'grafana', more).url, { headers });

describe('T34 a proxy in between', () => {
  const marks: Headers[] = [
    { 'X-Forwarded-For': '127.0.0.1' },
    { 'X-Forwarded-For': '' },
    { 'x-forwarded-host': 'idp.tailnet.test' },
    { 'X-Forwarded-Proto': 'https' },
    { 'X-Forwarded-Server': 'proxy' },
    { 'X-Forwarded-Port': '443' },
    { 'X-Forwarded-Prefix': '/idp' },
    { 'X-Forwarded-Client-Cert': 'Hash=1' },
    { 'X-Original-Forwarded-For': '127.0.0.1' },
    { Forwarded: 'for=127.0.0.1' },
    { Via: '1.1 proxy' },
    { 'X-Real-IP': '127.0.0.1' },
    { 'True-Client-IP': '127.0.0.1' },
    { 'CF-Connecting-IP': '127.0.0.1' },
    { 'CDN-Loop': 'cdn.example' },
  ];

  it.each(marks)('takes the identity away: %o', async (headers) => {
    for (const prompt of ['', 'none', 'login']) {
      const answer = await visit('127.0.0.1', headers, { prompt });
      expect(answer.location?.searchParams.get('error')).toBe('access_denied');
      expect(answer.location?.searchParams.get('error_description')).toContain('another proxy');
    }
    const home = await world.browser().open(world.issuer, { headers });
    expect(home.body).toContain('came through another proxy');
    expect(home.body).not.toContain('alice@example.com');
  });

  it.each(marks)("takes no page's click either: %o", async (headers) => {
    const browser = world.browser();
    const begun = await browser.open(attempt(world.issuer, 'careful').url);

    const shown = await browser.open(begun.location!, { headers });
    const clicked = await browser.open(begun.location!, { form: { action: 'continue' }, headers });

    expect([shown.status, clicked.status]).toEqual([403, 403]);
    const own = await browser.open(begun.location!, { form: { action: 'continue' } });
    const stolen = await browser.open(own.location!, { headers });
    expect(stolen.status).toBe(403);
    expect((await browser.open(own.location!)).location?.searchParams.has('code')).toBe(true);
  });

  it("does not matter to the apps' servers, who have no identity here", async () => {
    const { code, attempt: begun } = await codeFor(world.browser(), world.issuer);
    const form = {
      grant_type: 'authorization_code',
      code,
      code_verifier: begun.verifier,
      redirect_uri: begun.parameters['redirect_uri']!,
      client_id: 'grafana',
      client_secret: 'grafana-secret-that-is-long-enough-0',
    };
    const headers = { 'X-Forwarded-For': '203.0.113.7', Via: '1.1 proxy' };
    const answer = await world.browser().open(`${world.issuer}/token`, { form, headers });
    expect(tokensOf(answer).claims['sub']).toBe('userid:1');
  });
});

describe('T19 headers that name a person', () => {
  const names = [
    'Tailscale-User-Login',
    'Tailscale-User-Name',
    'Tailscale-User-Profile-Pic',
    'Tailscale-App-Capabilities',
    'Tailscale-Tags',
    'Remote-User',
    'X-Remote-User',
    'X-Webauth-User',
    'X-Auth-Request-Email',
    'X-User',
    'X-Tailscale-Whois',
  ];
  const forged = Object.fromEntries(names.map((name) => [name, 'alice@example.com']));

  it('change nothing for somebody else', async () => {
    const begun = attempt(world.issuer, 'grafana');
    const answer = await world.browser('127.0.0.2').open(begun.url, { headers: forged });
    const code = answer.location?.searchParams.get('code') ?? '';

    const { claims, accessToken } = tokensOf(await redeem(world.issuer, { code, attempt: begun }));

    expect(claims).toMatchObject({ sub: 'userid:2', email: 'bob@example.com' });
    expect(claims).not.toHaveProperty('level');
    expect(json(await userinfo(world.issuer, accessToken))['sub']).toBe('userid:2');
  });

  it.each(['127.0.0.3', '127.0.0.4', '127.0.0.5', '127.0.0.6'])(
    'make nobody somebody: %s',
    async (address) => {
      const answer = await visit(address, forged);
      expect(answer.location?.searchParams.get('error')).toBe('access_denied');
    },
  );
});

describe("T33 another origin's page in the browser", () => {
  const foreign: Headers[] = [
    { Origin: 'https://evil.example' },
    { Origin: 'null' },
    { Origin: 'http://127.0.0.1' },
    { Origin: 'http://other.tailnet.test' },
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
    { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' },
    { 'Sec-Fetch-Site': 'same-site', 'Sec-Fetch-Mode': 'navigate', Origin: 'null' },
    { 'Sec-Fetch-Site': 'Same-Origin' },
  ];
  const ours = () => ({ Origin: world.issuer, 'Sec-Fetch-Site': 'same-origin' });

  const expectRefused = (answer: Answer) => {
    expect(answer.status).toBe(403);
    expect(answer.location).toBeUndefined();
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
  };

  it.each(foreign)('cannot press the button of a login: %o', async (headers) => {
    const browser = world.browser();
    const { location } = await browser.open(attempt(world.issuer, 'careful').url);

    expectRefused(await browser.open(location!, { form: { action: 'continue' }, headers }));

    const pressed = await browser.open(location!, {
      form: { action: 'continue' },
      headers: ours(),
    });
    expect((await browser.open(pressed.location!)).location?.searchParams.has('code')).toBe(true);
  });

  it.each(foreign)('cannot press the button of a logout: %o', async (headers) => {
    const browser = world.browser();
    await login(browser, world.issuer);
    const page = await browser.open(`${world.issuer}/logout`);
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.body)?.[1] ?? '';
    const confirm = `${world.issuer}/logout/confirm`;

    expectRefused(await browser.open(confirm, { form: { xsrf, logout: 'yes' }, headers }));

    const silent = attempt(world.issuer, 'grafana', { prompt: 'none' });
    expect((await browser.open(silent.url)).location?.searchParams.has('code')).toBe(true);
    await browser.open(confirm, { form: { xsrf, logout: 'yes' }, headers: ours() });
    expect((await browser.open(silent.url)).location?.searchParams.get('error')).toBe(
      'login_required',
    );
  });

  it('cannot read the page of a login, but a link may lead to it', async () => {
    const browser = world.browser();
    const { location } = await browser.open(attempt(world.issuer, 'careful').url);
    const site = { 'Sec-Fetch-Site': 'cross-site' };

    expectRefused(
      await browser.open(location!, { headers: { ...site, 'Sec-Fetch-Mode': 'cors' } }),
    );
    const link = await browser.open(location!, {
      headers: { ...site, 'Sec-Fetch-Mode': 'navigate' },
    });
    expect(link.status).toBe(200);
    expect(link.headers['x-frame-options']).toBe('DENY');
  });

  it('may send the browser to a login, as apps do', async () => {
    const headers = {
      Origin: 'https://grafana.test',
      'Sec-Fetch-Site': 'cross-site',
      'Sec-Fetch-Mode': 'navigate',
    };
    const begun = attempt(world.issuer, 'grafana', { scope: scopes });
    const sent = { form: begun.parameters, headers };
    const answer = await world.browser().open(`${world.issuer}/authorize`, sent);
    const code = answer.location?.searchParams.get('code') ?? '';
    expect(await subjectOfCode(world.issuer, { code, attempt: begun })).toBe('userid:1');
  });
});
