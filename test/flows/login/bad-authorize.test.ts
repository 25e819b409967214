import { stringify } from 'node:querystring';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parameters, redirectOf } from '../../world/app.ts';
import { Browser } from '../../world/browser.ts';
import { expectHarmless } from '../../world/harmless.ts';
import { startWorld, type World } from '../../world/world.ts';

type Form = Record<string, string | string[]>;

const urlencoded = { 'content-type': 'application/x-www-form-urlencoded' };
const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';
const long = 'x'.repeat(10_000);

describe('bad input at /authorize', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const url = (path: string) => `${world.issuer}${path}`;
  const valid = {
    client_id: 'grafana',
    response_type: 'code',
    redirect_uri: redirectOf('grafana'),
    scope: 'openid',
    state: 'mine',
  };
  const spa = { client_id: 'spa', redirect_uri: 'https://spa.test/cb' };

  describe('the error goes to the validated redirect URI', () => {
    const cases: [string, Form, string][] = [
      ['oidcc-response-type-missing', { response_type: '' }, 'invalid_request'],
      ['response_type=token', { response_type: 'token' }, 'unsupported_response_type'],
      [
        'response_type=id_token',
        { response_type: 'id_token', nonce: 'n' },
        'unsupported_response_type',
      ],
      ['response_type=code token', { response_type: 'code token' }, 'unsupported_response_type'],
      ['response_type=none', { response_type: 'none' }, 'unsupported_response_type'],
      ['response_type=CODE', { response_type: 'CODE' }, 'unsupported_response_type'],
      ['response_mode unknown', { response_mode: 'web_message' }, 'unsupported_response_mode'],
      [
        'oidcc-unsigned-request-object',
        { request: `${btoa('{"alg":"none"}')}.${btoa('{}')}.` },
        'request_not_supported',
      ],
      [
        'oidcc-request-uri-unsigned',
        { request_uri: 'https://grafana.test/r' },
        'request_uri_not_supported',
      ],
      [
        'request_uri to ourselves',
        { request_uri: 'http://127.0.0.1:1/' },
        'request_uri_not_supported',
      ],
      [
        'an unknown pushed request',
        { request_uri: 'urn:ietf:params:oauth:request_uri:x' },
        'invalid_request_uri',
      ],
      [
        'registration',
        { registration: '{"redirect_uris":["https://evil.test"]}' },
        'registration_not_supported',
      ],
      [
        'T10 PKCE plain',
        { code_challenge: challenge, code_challenge_method: 'plain' },
        'invalid_request',
      ],
      [
        'T10 PKCE without its method, which means plain',
        { code_challenge: challenge },
        'invalid_request',
      ],
      ['T10 PKCE method alone', { code_challenge_method: 'S256' }, 'invalid_request'],
      [
        'T10 PKCE challenge too short',
        { code_challenge: 'short', code_challenge_method: 'S256' },
        'invalid_request',
      ],
      [
        'T10 PKCE challenge too long',
        { code_challenge: 'x'.repeat(129), code_challenge_method: 'S256' },
        'invalid_request',
      ],
      ['T10 public client without PKCE', spa, 'invalid_request'],
      [
        'T10 public client with plain PKCE',
        { ...spa, code_challenge: challenge, code_challenge_method: 'plain' },
        'invalid_request',
      ],
      ['max_age negative', { max_age: '-1' }, 'invalid_request'],
      ['max_age of words', { max_age: 'soon' }, 'invalid_request'],
      ['claims that are no JSON', { claims: '{' }, 'invalid_request'],
      ['claims that are a list', { claims: '[]' }, 'invalid_request'],
      [
        'claims with __proto__',
        { claims: '{"__proto__":{"x":1},"id_token":3}' },
        'invalid_request',
      ],
      ['id_token_hint of words', { id_token_hint: 'x.y.z' }, 'invalid_request'],
      ['nonce twice', { nonce: ['1', '2'] }, 'invalid_request'],
      ['scope twice', { scope: ['openid', 'email'] }, 'invalid_request'],
      ['prompt twice', { prompt: ['login', 'none'] }, 'invalid_request'],
      ['code_challenge twice', { code_challenge: [challenge, challenge] }, 'invalid_request'],
    ];
    test.each(cases)('%s', async (_, more, error) => {
      const form: Form = { ...valid, ...more };
      if (form['response_type'] === '') delete form['response_type'];
      const query = stringify(form);
      for (const answer of [
        await new Browser().open(url(`/authorize?${query}`)),
        await new Browser().open(url('/authorize'), { form }),
      ]) {
        expectHarmless(answer);
        expect(answer.status).toBe(303);
        const fragment = new URLSearchParams(answer.location?.hash.slice(1));
        const returned = { ...Object.fromEntries(fragment), ...parameters(answer) };
        expect(returned).toMatchObject({ error, state: 'mine', iss: world.issuer });
        expect(returned).not.toHaveProperty('code');
      }
    });
  });

  describe('a page of ours', () => {
    test.each<[string, Form, number]>([
      ['client_id twice', { client_id: ['grafana', 'spa'] }, 400],
      ['redirect_uri twice', { redirect_uri: [valid.redirect_uri, valid.redirect_uri] }, 400],
      ['NUL in client_id', { client_id: 'grafana\0' }, 400],
      ['NUL in redirect_uri', { redirect_uri: `${valid.redirect_uri}\0` }, 400],
      ['an array by brackets', { client_id: '', 'client_id[]': 'grafana' }, 400],
      ['__proto__ as a parameter', { client_id: '', __proto__x: 'y', constructor: 'z' }, 400],
    ])('%s', async (_, more, status) => {
      const answer = await new Browser().open(url('/authorize'), { form: { ...valid, ...more } });
      expectHarmless(answer);
      expect(answer).toMatchObject({ status, location: undefined });
    });

    test('state of 8 KB comes back, a header of 20 kB is 431', async () => {
      const state = long.slice(0, 8192);
      const query = new URLSearchParams({ ...valid, state });
      const answer = await new Browser().open(url(`/authorize?${query}`));
      expect(parameters(answer)['state']).toBe(state);
      const posted = await new Browser().open(url('/authorize'), {
        form: { ...valid, state, nonce: long.slice(0, 2048) },
      });
      expect(parameters(posted)['state']).toBe(state);
      const large = await new Browser().open(url(`/authorize?${query}${long}`));
      expect(large.status).toBe(431);
      const header = await new Browser().open(url('/authorize'), {
        headers: { cookie: `a=${long}${long}` },
      });
      expect(header.status).toBe(431);
    });

    test.each([
      ['a body above the limit', { body: 'a='.padEnd(70_000, 'x'), headers: urlencoded }, 413],
      [
        'JSON',
        { body: JSON.stringify(valid), headers: { 'content-type': 'application/json' } },
        400,
      ],
      ['no content type', { body: 'client_id=grafana' }, 400],
      ['an empty body', { body: '', headers: urlencoded }, 400],
      [
        'bytes that are no UTF-8',
        { body: Buffer.from('client_id=\xff\xfe%ff', 'latin1'), headers: urlencoded },
        400,
      ],
    ])('POST of %s', async (_, options, status) => {
      const answer = await new Browser().open(url('/authorize'), { method: 'POST', ...options });
      expectHarmless(answer);
      expect(answer).toMatchObject({ status, location: undefined });
      expect(answer.headers['content-type']).toMatch(/^text\/html/);
    });
  });
});
