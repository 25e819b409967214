import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type App, startApp } from '../../examples/web-app/app.ts';
import { type BareProvider, client, startBareProvider } from './bare-provider.ts';
import { Visitor } from './visitor.ts';

let provider: BareProvider;
let app: App;
beforeEach(async () => {
  provider = await startBareProvider();
  app = await start();
  provider.registerApp(app.url);
});
afterEach(async () => {
  await app.close();
  await provider.close();
});

function start(clientSecret = client.secret): Promise<App> {
  const { issuer } = provider;
  return startApp({ issuer, clientId: client.id, clientSecret, host: '127.0.0.1', port: 0 });
}

describe('signing in', () => {
  test('ends with who you are, as JSON where JSON is asked for', async () => {
    const visitor = new Visitor();
    const page = await visitor.arrive(`${app.url}/`);
    expect(page.url).toBe(`${app.url}/`);
    expect(page.headers['content-type']).toMatch('application/json');
    expect(JSON.parse(page.body)).toMatchObject({
      user: 'alice',
      sub: 'alice',
      claims: { iss: provider.issuer, sub: 'alice', aud: 'demo' },
      userinfo: { sub: 'alice', name: '<b>Alice & Co</b>' },
    });
    // the session holds: no way round by the provider
    expect(await visitor.visit(`${app.url}/`)).toHaveLength(1);
  });

  test('asks for a code with PKCE, state and nonce', async () => {
    const { headers } = await new Visitor().get(`${app.url}/`);
    const { searchParams } = new URL(headers.location!);
    expect(Object.fromEntries(searchParams)).toMatchObject({
      response_type: 'code',
      client_id: 'demo',
      redirect_uri: `${app.url}/callback`,
      code_challenge_method: 'S256',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      state: expect.stringMatching(/^[\w-]{20,}$/),
      nonce: expect.stringMatching(/^[\w-]{20,}$/),
    });
    expect(headers['set-cookie']?.[0]).toMatch(/; httponly/i);
    expect(headers['set-cookie']?.[0]).toMatch(/; samesite=lax/i);
  });

  test('shows a page otherwise, with everything escaped and nothing to run', async () => {
    const { headers, body } = await new Visitor({ accept: 'text/html' }).arrive(`${app.url}/`);
    expect(headers['content-type']).toMatch('text/html');
    expect(body).toContain('<h1>Signed in as alice</h1>');
    expect(body).toContain('&#60;b&#62;Alice &#38; Co&#60;/b&#62;');
    expect(body).not.toContain('<b>');
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    const style = await new Visitor().get(`${app.url}/style.css`);
    expect(style.headers['content-type']).toMatch('text/css');
  });

  test('gives the browser a new session cookie', async () => {
    const pages = await new Visitor().visit(`${app.url}/`);
    const cookies = pages
      .flatMap(({ headers }) => headers['set-cookie'] ?? [])
      .filter((line) => line.startsWith('demo_app_session='))
      .map((line) => line.split(';')[0]);
    expect(new Set(cookies).size).toBe(2);
  });

  test('by another name of the machine leads to the one whose cookies count', async () => {
    const port = new URL(app.url).port;
    const { headers } = await new Visitor().get(`http://127.0.0.1:${port}/`, {
      host: `localhost:${port}`,
    });
    expect(headers.location).toBe(`${app.url}/`);
  });
});

describe('being refused', () => {
  const refusal = { error: 'access_denied', error_description: 'no grant <for> you' };

  test('is told with the reason, in JSON and on a page', async () => {
    provider.answer = refusal;
    const json = await new Visitor().arrive(`${app.url}/`);
    expect(json.status).toBe(403);
    expect(JSON.parse(json.body)).toEqual(refusal);
    const html = await new Visitor({ accept: 'text/html' }).arrive(`${app.url}/`);
    expect(html.status).toBe(403);
    expect(html.body).toContain('no grant &#60;for&#62; you');
  });

  test('leaves no session behind, and the next attempt may succeed', async () => {
    const visitor = new Visitor();
    provider.answer = refusal;
    expect(await visitor.arrive(`${app.url}/`)).toMatchObject({ status: 403 });
    provider.answer = { login: 'alice' };
    expect(await visitor.arrive(`${app.url}/`)).toMatchObject({ status: 200 });
  });

  test('for a wrong secret is our fault, not the visitor’s', async () => {
    const wrong = await start('not the secret of this client');
    provider.registerApp(wrong.url);
    const page = await new Visitor().arrive(`${wrong.url}/`);
    expect(page.status).toBe(502);
    expect(JSON.parse(page.body)).toMatchObject({ error: 'invalid_client' });
    await wrong.close();
  });
});

describe('an answer that was not asked for', () => {
  test.each([
    ['no session', '?code=x&state=y'],
    ['no state', '?code=x'],
    ['two states', '?code=x&state=a&state=b'],
    ['nothing', ''],
  ])('%s', async (_name, search) => {
    const { status, body } = await new Visitor().get(`${app.url}/callback${search}`);
    expect(status).toBe(400);
    expect(JSON.parse(body).error).toBe('unknown_sign_in');
  });

  test('another browser’s', async () => {
    const begun = await new Visitor().get(`${app.url}/`);
    const state = new URL(begun.headers.location!).searchParams.get('state');
    const other = new Visitor();
    await other.get(`${app.url}/`);
    const { status } = await other.get(`${app.url}/callback?code=x&state=${state}`);
    expect(status).toBe(400);
  });

  test('one of another issuer (RFC 9207)', async () => {
    const visitor = new Visitor();
    const begun = await visitor.get(`${app.url}/`);
    const state = new URL(begun.headers.location!).searchParams.get('state');
    const iss = encodeURIComponent('http://evil.example');
    const page = await visitor.get(`${app.url}/callback?code=x&state=${state}&iss=${iss}`);
    expect(page.status).toBe(502);
    expect(page.body).toContain('iss');
  });
});

test.each([
  ['is about another subject (OpenID Connect Core 5.3.2)', '{"sub":"mallory"}'],
  ['is about nobody', '{}'],
  ['is no object', '[]'],
  ['is null', 'null'],
  ['is not JSON', '<!doctype html>'],
])('nobody is signed in by userinfo that %s', async (_name, userinfo) => {
  const visitor = new Visitor();
  provider.userinfo = userinfo;
  const page = await visitor.arrive(`${app.url}/`);
  expect(page.status).toBe(502);
  expect(JSON.parse(page.body).error).toBe('provider_failed');
  provider.userinfo = undefined;
  expect(await visitor.arrive(`${app.url}/`)).toMatchObject({ status: 200 });
});

describe('signing out', () => {
  test('ends the session here and goes on to the provider', async () => {
    const visitor = new Visitor();
    await visitor.arrive(`${app.url}/`);
    const { status, headers } = await visitor.get(`${app.url}/logout`);
    expect(status).toBe(303);
    const target = new URL(headers.location!);
    expect(target.origin + target.pathname).toBe(`${provider.issuer}/session/end`);
    expect(target.searchParams.get('post_logout_redirect_uri')).toBe(`${app.url}/signed-out`);
    expect(target.searchParams.get('id_token_hint')).toMatch(/^ey/);
    provider.answer = { login: 'bob' };
    const { headers: again } = await visitor.get(`${app.url}/`);
    expect(again.location).toContain('/auth?');
  });

  test('without a session just says so', async () => {
    const page = await new Visitor({ accept: 'text/html' }).arrive(`${app.url}/logout`);
    expect(page.body).toContain('<h1>Signed out</h1>');
  });

  test('by another site is refused', async () => {
    const visitor = new Visitor();
    await visitor.arrive(`${app.url}/`);
    const refused = await visitor.get(`${app.url}/logout`, { 'sec-fetch-site': 'cross-site' });
    expect(refused.status).toBe(403);
    expect(await visitor.visit(`${app.url}/`)).toHaveLength(1);
  });
});

test('a provider that is not there yet is asked again the next time', async () => {
  await provider.close();
  const visitor = new Visitor();
  const early = await visitor.arrive(`${app.url}/`);
  expect(early.status).toBe(502);
  expect(JSON.parse(early.body).error).toBe('provider_failed');
  provider = await startBareProvider(Number(new URL(provider.issuer).port));
  provider.registerApp(app.url);
  expect(await visitor.arrive(`${app.url}/`)).toMatchObject({ status: 200 });
});

test('other paths are not found', async () => {
  const visitor = new Visitor();
  for (const path of ['/nope', '/constructor', '/__proto__']) {
    expect(await visitor.get(app.url + path)).toMatchObject({ status: 404 });
  }
});

describe('as a program', () => {
  const program = new URL('../../examples/web-app/main.ts', import.meta.url).pathname;

  test('says where it is, and ends on SIGTERM', async () => {
    const child = spawn(
      process.execPath,
      [program, '--issuer', provider.issuer, '--client-id', client.id, '--port', '0'],
      { env: { ...process.env, CLIENT_SECRET: client.secret } },
    );
    const [line] = await once(createInterface({ input: child.stdout }), 'line');
    expect(line).toMatch(/^http:\/\/127\.0\.0\.1:\d+ \(redirect URI /);
    const url = String(line).split(' ')[0]!;
    provider.registerApp(url);
    expect(await new Visitor().arrive(`${url}/`)).toMatchObject({ status: 200 });
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  test('tells what it needs', async () => {
    const child = spawn(process.execPath, [program, '--issuer', provider.issuer], { env: {} });
    const [line] = await once(createInterface({ input: child.stderr }), 'line');
    expect(line).toMatch(/^usage: CLIENT_SECRET=/);
    expect(await once(child, 'close')).toEqual([2, null]);
  });
});
