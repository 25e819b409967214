import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type App,
  basic,
  bearer,
  codeFor,
  json,
  openApp,
  redirectOf,
  secretOf,
  type Tokens,
} from '../../world/app.ts';
import { type Answer, Browser } from '../../world/browser.ts';
import { expectHarmless } from '../../world/harmless.ts';
import { startWorld, type World } from '../../world/world.ts';

const urlencoded = { 'content-type': 'application/x-www-form-urlencoded' };
const redirectUri = redirectOf('grafana');
const long = 'x'.repeat(10_000);

type Form = Record<string, string | string[]>;
type Options = NonNullable<Parameters<Browser['open']>[1]>;

describe('bad input at the API endpoints', () => {
  let world: World;
  let app: App;
  let tokens: Tokens;
  /** All that must not be written down anywhere (T22). */
  const secrets: string[] = [secretOf('grafana'), secretOf('grafana').slice(0, 20)];

  beforeAll(async () => {
    world = await startWorld();
    app = await openApp(world, 'grafana');
    tokens = await app.login();
    const { access_token: access, refresh_token: refresh = '', id_token: id = '' } = tokens;
    secrets.push(access, refresh, id);
  });
  afterAll(() => world[Symbol.asyncDispose]());

  /** As nimbus sends it. */
  const send = (path: string, { headers, ...options }: Options) =>
    new Browser().open(`${world.issuer}${path}`, {
      method: 'POST',
      ...options,
      headers: { accept: 'text/html', ...headers },
    });
  const token = (form: Form, headers = basic('grafana')) => send('/token', { form, headers });
  const code = async () => {
    const value = await codeFor(world, 'grafana', redirectUri);
    secrets.push(value);
    return value;
  };

  function expectError(answer: Answer, status: number, error: string): void {
    expectHarmless(answer);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(json(answer)).toMatchObject({ error, error_description: expect.any(String) });
    expect(answer.status).toBe(status);
    expect(String(json(answer)['error_description'])).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
  }

  const bodies: [string, Options, number][] = [
    ['an empty body', { body: '', headers: urlencoded }, 400],
    ['JSON', { body: '{"grant_type":"x"}', headers: { 'content-type': 'application/json' } }, 400],
    ['multipart', { body: '--x--', headers: { 'content-type': 'multipart/form-data' } }, 400],
    ['no content type', { body: 'token=x' }, 400],
    ['no body at all', {}, 400],
    ['70 kB', { body: 'token='.padEnd(70_000, 'x'), headers: urlencoded }, 413],
    ['no UTF-8', { body: Buffer.from('\xff=\xfe&%ff=%fe', 'latin1'), headers: urlencoded }, 400],
    ['NUL', { body: 'grant_type%00=x&token%00=%00', headers: urlencoded }, 400],
    ['brackets', { body: 'token[]=x&token[a]=y&grant_type[]=z', headers: urlencoded }, 400],
    ['__proto__', { body: '__proto__=x&constructor=y&toString=z', headers: urlencoded }, 400],
    ['10 000 names', { body: 'a=&'.repeat(10_000), headers: urlencoded }, 400],
    ['broken escapes', { body: 'token%=%zz&%E0%A4%A', headers: urlencoded }, 400],
  ];
  describe.each(['/token', '/introspect', '/revoke', '/request'])('%s', (path) => {
    test.each(bodies)('%s', async (_, { headers, ...options }, status) => {
      const answer = await send(path, { ...options, headers: { ...basic('grafana'), ...headers } });
      expectError(answer, status, 'invalid_request');
    });

    test('a body of unknown length above the limit', async () => {
      const chunks = ReadableStream.from(Array.from({ length: 70 }, () => Buffer.alloc(1000, 120)));
      const answer = await fetch(`${world.issuer}${path}`, {
        method: 'POST',
        body: chunks,
        headers: { ...basic('grafana'), ...urlencoded },
        duplex: 'half',
      });
      expect(answer.status).toBe(413);
      expect(await answer.json()).toMatchObject({ error: 'invalid_request' });
    });
  });

  test.each<[string, Form, string]>([
    ['no grant_type', {}, 'invalid_request'],
    ['grant_type twice', { grant_type: ['refresh_token', 'x'] }, 'invalid_request'],
    ['grant_type password', { grant_type: 'password' }, 'unsupported_grant_type'],
    ['grant_type client_credentials', { grant_type: 'client_credentials' }, 'unauthorized_client'],
    ['grant_type implicit', { grant_type: 'implicit' }, 'unsupported_grant_type'],
    ['grant_type in capitals', { grant_type: 'REFRESH_TOKEN' }, 'unsupported_grant_type'],
    ['grant_type __proto__', { grant_type: '__proto__' }, 'unsupported_grant_type'],
    ['no code', { grant_type: 'authorization_code' }, 'invalid_request'],
    ['an unknown code', { code: 'x', redirect_uri: redirectUri }, 'invalid_grant'],
    ['a long code', { code: long, redirect_uri: redirectUri }, 'invalid_grant'],
    ['a code with NUL', { code: 'x\0', redirect_uri: redirectUri }, 'invalid_grant'],
    ['code twice', { code: ['x', 'y'], redirect_uri: redirectUri }, 'invalid_request'],
    ['no refresh token', { grant_type: 'refresh_token' }, 'invalid_request'],
    [
      'an unknown refresh token',
      { grant_type: 'refresh_token', refresh_token: 'x' },
      'invalid_grant',
    ],
    ['a long refresh token', { grant_type: 'refresh_token', refresh_token: long }, 'invalid_grant'],
  ])('/token: %s', async (_, form, error) => {
    expectError(
      await token({ ...('code' in form ? { grant_type: 'authorization_code' } : {}), ...form }),
      400,
      error,
    );
  });

  test.each<[string, Form, string]>([
    ['without redirect_uri', {}, 'invalid_request'],
    [
      'with another redirect_uri',
      { redirect_uri: 'https://grafana.test/cb?tenant=7' },
      'invalid_grant',
    ],
    ['with an unregistered redirect_uri', { redirect_uri: 'https://evil.test/' }, 'invalid_grant'],
    [
      'T10 with a stray verifier',
      { redirect_uri: redirectUri, code_verifier: 'v'.repeat(43) },
      'invalid_grant',
    ],
  ])('/token: a good code %s', async (_, form, error) => {
    const answer = await token({ grant_type: 'authorization_code', code: await code(), ...form });
    expectError(answer, 400, error);
  });

  test.each<[string, string | undefined, string]>([
    ['omitted', undefined, 'invalid_grant'],
    ['empty', '', 'invalid_grant'],
    ['another', 'v'.repeat(43), 'invalid_grant'],
    ['too short', 'v'.repeat(42), 'invalid_request'],
    ['too long', 'v'.repeat(129), 'invalid_request'],
    ['with forbidden characters', `${'v'.repeat(42)}é`, 'invalid_request'],
  ])('T10 /token: the verifier is %s', async (_, verifier, error) => {
    const { answer, checks } = await app.visit(new Browser());
    const form = {
      grant_type: 'authorization_code',
      code: answer.location?.searchParams.get('code') ?? '',
      redirect_uri: redirectUri,
    };
    secrets.push(form.code, String(checks.pkceCodeVerifier));
    const refused = await token({
      ...form,
      ...(verifier === undefined ? {} : { code_verifier: verifier }),
    });
    expectError(refused, 400, error);
  });

  test.each<[string, () => Options]>([
    ['no token', () => ({})],
    ['an empty token', () => ({ headers: { authorization: 'Bearer ' } })],
    ['Basic', () => ({ headers: basic('grafana') })],
    ['two tokens', () => ({ headers: { authorization: `Bearer ${tokens.access_token} x` } })],
    [
      'header and body',
      () => ({ headers: bearer(tokens.access_token), form: { access_token: tokens.access_token } }),
    ],
    ['two in the body', () => ({ form: { access_token: [tokens.access_token, 'x'] } })],
    ['an ID token', () => ({ headers: bearer(tokens.id_token ?? '') })],
    ['a refresh token', () => ({ headers: bearer(tokens.refresh_token ?? '') })],
    ['10 kB', () => ({ headers: bearer(long) })],
    ['DPoP', () => ({ headers: { authorization: `DPoP ${tokens.access_token}` } })],
    [
      'JSON',
      () => ({
        body: JSON.stringify({ access_token: tokens.access_token }),
        headers: { 'content-type': 'application/json' },
      }),
    ],
  ])('/userinfo: %s', async (_, options) => {
    const answer = await send('/userinfo', options());
    expectHarmless(answer);
    expect([400, 401]).toContain(answer.status);
    expect(json(answer)['error']).toMatch(/^invalid_(request|token)$/);
    expect(answer.headers['www-authenticate']).toMatch(/^(Bearer|DPoP)/);
  });

  test('RFC 6750 2.3: no token in a query, where logs would keep it', async () => {
    const answer = await send(`/userinfo?access_token=${tokens.access_token}`, { method: 'GET' });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expectHarmless(answer);
  });

  test.each(['/introspect', '/revoke'])(
    '%s: no token, two, unknown, long, with an odd hint',
    async (path) => {
      const headers = basic('grafana');
      expectError(await send(path, { form: { x: 'y' }, headers }), 400, 'invalid_request');
      expectError(
        await send(path, { form: { token: ['x', 'y'] }, headers }),
        400,
        'invalid_request',
      );
      for (const form of [
        { token: 'x' },
        { token: long },
        { token: 'x\0' },
        { token: 'x', token_type_hint: 'odd' },
      ]) {
        const answer = await send(path, { form, headers });
        expectHarmless(answer);
        expect(answer.status).toBe(200);
        expect(answer.body).toBe(path === '/introspect' ? '{"active":false}' : '');
      }
    },
  );

  test('T22 it lives on, and no secret, code, verifier or token stands in its log', async () => {
    const answer = await new Browser().open(`${world.issuer}/healthz`);
    expect(answer.status).toBe(200);
    expect(secrets.length).toBeGreaterThan(15);
    expect(secrets.filter((secret) => world.logged().includes(secret))).toEqual([]);
  });
});
