import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openApp, pageAfter, parameters, press, redirectOf } from '../../world/app.ts';
import { type Answer, Browser } from '../../world/browser.ts';
import { clients, startWorld, type World } from '../../world/world.ts';

const cb = 'https://exact.test/cb';
const exact = {
  id: 'exact',
  secret: 'exact-secret-that-is-long-enough',
  redirectUris: [cb, 'http://localhost:8000/cb', 'http://[::1]/cb', 'com.example.app:/cb'],
};

describe('redirects', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ clients: [...clients, exact] });
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const authorize = (query: Record<string, string>, browser = new Browser()) =>
    browser.open(`${world.issuer}/authorize?${new URLSearchParams(query)}`);
  const request = { client_id: 'exact', response_type: 'code', state: 's' };

  test.each([
    cb,
    'http://localhost:8000/cb',
    'http://localhost/cb',
    'http://localhost:65535/cb',
    'http://[::1]:4000/cb',
    'com.example.app:/cb',
  ])('T07 %s is registered, or differs in the port of loopback only', async (uri) => {
    const answer = await authorize({ ...request, redirect_uri: uri });
    expect(answer.headers['location']).toMatch(/[?&]code=/);
    expect(String(answer.headers['location']).startsWith(`${uri}?`)).toBe(true);
  });

  const attacks = [
    'https://exact.test/cb/',
    'https://exact.test/CB',
    'https://exact.test/cb?x=1',
    'https://exact.test/cb#f',
    'https://exact.test/cb#',
    'https://exact.test/cb?',
    'https://exact.test/',
    'https://exact.test',
    'https://exact.test/cb/../cb',
    'https://exact.test/x/../cb',
    'https://exact.test//cb',
    'https://exact.test/./cb',
    'https://exact.test/%63b',
    'https://exact.test/cb%2f..%2fevil',
    'https://exact.test/cb/%2e%2e/evil',
    'https://exact.test\\@evil.test/cb',
    'https://exact.test/cb\\..\\evil',
    'https://evil.test\\.exact.test/cb',
    'https://exact.test@evil.test/cb',
    'https://evil.test@exact.test/cb',
    'https://user:pass@exact.test/cb',
    'https://exact.test.evil.test/cb',
    'https://evilexact.test/cb',
    'https://exact.testevil/cb',
    'https://exact.test./cb',
    'https://EXACT.test/cb',
    'HTTPS://exact.test/cb',
    'https:///exact.test/cb',
    'https:exact.test/cb',
    '//exact.test/cb',
    '/cb',
    'cb',
    'https://exact.test:443/cb',
    'https://exact.test:8443/cb',
    'http://exact.test/cb',
    'https://ехact.test/cb',
    'https://xn--act-6dd7c.test/cb',
    'https://exact。test/cb',
    'https://exact.test/cb\0',
    'https://exact.test/cb\n',
    'https://exact.test/cb\r\nLocation: https://evil.test',
    ' https://exact.test/cb',
    'https://exact.test/cb ',
    'https://exact.test/c\tb',
    `${cb}&redirect_uri=https://evil.test/`,
    `${cb},https://evil.test/`,
    `${cb} https://evil.test/`,
    `${cb};https://evil.test/`,
    'https://evil.test/?https://exact.test/cb',
    'https://evil.test/#https://exact.test/cb',
    'javascript:alert(1)//https://exact.test/cb',
    'data:text/html,<script>alert(1)</script>',
    'vbscript:x',
    'blob:https://exact.test/cb',
    'file:///cb',
    'view-source:https://exact.test/cb',
    'http://localhost:8000/cb/',
    'http://localhost:8000/evil',
    'http://localhost:8000/cb?x',
    'http://localhost.evil.test:8000/cb',
    'http://localhost:8000@evil.test/cb',
    'http://localhost:80000/cb',
    'http://localhost:0/cb',
    'http://localhost:/cb',
    'http://localhost:08000/cb',
    'https://localhost:8000/cb',
    'http://127.0.0.1:8000/cb',
    'http://127.1:8000/cb',
    'http://2130706433/cb',
    'http://[::ffff:127.0.0.1]/cb',
    'http://0.0.0.0/cb',
    'com.example.app:/cb/..',
    'com.example.app://cb',
    'com.example.app://evil/cb',
    'com.example.app:cb',
    'COM.example.app:/cb',
    'com.example.evil:/cb',
    'https://*.test/cb',
    'null',
    redirectOf('grafana'),
  ];
  test.each(attacks.map((uri) => [JSON.stringify(uri), uri]))(
    'T07 %s is an error page',
    async (_, uri) => {
      for (const more of [
        {},
        { prompt: 'none' },
        { response_type: 'token' },
        { client_id: 'spa' },
      ]) {
        for (const method of ['GET', 'POST']) {
          const form = { ...request, redirect_uri: uri, ...more };
          const answer =
            method === 'GET'
              ? await authorize(form)
              : await new Browser().open(`${world.issuer}/authorize`, { form });
          expect(answer).toMatchObject({ status: 400, location: undefined });
          expect(answer.headers['content-type']).toMatch(/^text\/html/);
          expect(answer.headers).not.toHaveProperty('refresh');
          expect(answer.body).not.toMatch(/http-equiv|<script|href="[^"]*evil/i);
        }
      }
    },
  );

  test('T07 a repeated redirect_uri is refused, whichever comes first', async () => {
    for (const uris of [
      [cb, 'https://evil.test/'],
      ['https://evil.test/', cb],
    ]) {
      const query = [...Object.entries(request), ...uris.map((uri) => ['redirect_uri', uri])];
      const text = query.map((pair) => pair.map(encodeURIComponent).join('=')).join('&');
      const answer = await new Browser().open(`${world.issuer}/authorize?${text}`);
      expect(answer).toMatchObject({ status: 400, location: undefined });
    }
  });

  describe('T27 every answer names the issuer', () => {
    const issuers = (answer: Answer): string[] => {
      const { location, body } = answer;
      if (!location) return [/name="iss" value="([^"]*)"/.exec(body)?.[1] ?? 'none'];
      return [
        ...location.searchParams.getAll('iss'),
        ...new URLSearchParams(location.hash.slice(1)).getAll('iss'),
      ];
    };

    const outcomes: [string, Record<string, string>, string][] = [
      ['a code', {}, '127.0.0.1'],
      ['login_required', { prompt: 'none' }, '127.0.0.1'],
      ['access_denied', {}, '127.0.0.3'],
      ['access_denied for nobody', {}, '127.0.0.5'],
      ['invalid_request', { max_age: 'x' }, '127.0.0.1'],
      ['request_not_supported', { request: 'x' }, '127.0.0.1'],
      ['an iss of the caller', { iss: 'https://evil.test' }, '127.0.0.1'],
    ];
    test.each(
      outcomes.flatMap(([name, more, address]) =>
        ['query', 'fragment', 'form_post'].map((mode) => ({ name, more, address, mode })),
      ),
    )('$name by $mode', async ({ more, address, mode }) => {
      const answer = await authorize(
        { ...request, redirect_uri: cb, response_mode: mode, ...more },
        new Browser(address),
      );
      expect(issuers(answer)).toEqual([world.issuer]);
      if (mode !== 'form_post') {
        expect(answer.status).toBe(303);
        return;
      }
      // browsers send the form whatever the status; the policy must let them
      expect(answer.body).toContain(`action="${cb}"`);
      expect(answer.headers['content-security-policy']).toContain("form-action 'self' https:");
      expect(answer.headers['content-security-policy']).toMatch(/script-src 'sha256-/);
    });

    test('a code and a refusal after a page', async () => {
      const app = await openApp(world, 'careful');
      for (const action of ['continue', 'cancel']) {
        const browser = new Browser();
        const page = await pageAfter(browser, await app.visit(browser));
        expect(issuers(await press(browser, page, world, { action }))).toEqual([world.issuer]);
      }
    });

    test('response_type=token, whose default is the fragment', async () => {
      const answer = await authorize({ ...request, redirect_uri: cb, response_type: 'token' });
      expect(parameters(answer)).toEqual({});
      expect(issuers(answer)).toEqual([world.issuer]);
    });
  });
});
