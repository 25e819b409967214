import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Browser } from '../../world/browser.ts';
import { failure, json } from '../../world/login.ts';
import { manage, publicClient, register, registered, registeredIn } from '../../world/register.ts';
import { startWorld, type World } from '../../world/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld({
    registration: { perMinute: 10_000, perPeer: 10_000 },
    limits: { bodyBytes: 1_048_576 },
  });
});
afterAll(() => world[Symbol.asyncDispose]());

const rows = (): number => {
  const database = new DatabaseSync(join(world.directory, 'state', 'tsidp.db'), { readOnly: true });
  try {
    const counted = database.prepare(
      `SELECT (SELECT count(*) FROM clients) + (SELECT count(*) FROM registrations)
         + (SELECT count(*) FROM records) AS rows`,
    );
    return Number(counted.get()?.['rows']);
  } finally {
    database.close();
  }
};

const badUris: readonly (readonly [why: string, uri: unknown])[] = [
  ['javascript', 'javascript:alert(1)'],
  ['javascript, in disguise', 'JaVaScRiPt:alert(1)'],
  ['data', 'data:text/html,<script>alert(1)</script>'],
  ['a fragment', 'https://agent.test/cb#here'],
  ['a wildcard', 'https://*.agent.test/cb'],
  ['an IDN host', 'https://ägent.test/cb'],
  ['userinfo', 'https://agent.test@evil.test/cb'],
  ['a backslash', 'https://agent.test\\@evil.test/cb'],
  ['a dot segment', 'https://agent.test/a/../cb'],
  ['an encoded dot segment', 'https://agent.test/%2e%2e/cb'],
  ['a line break', 'https://agent.test/cb\r\nSet-Cookie: a=b'],
  ['a relative one', '/cb'],
  ['an empty one', ''],
  ['plain HTTP to another machine', 'http://agent.test/cb'],
  ['a host that only looks like loopback', 'http://127.0.0.1.evil.test/cb'],
  ['userinfo before loopback', 'http://localhost@evil.test/cb'],
  ['a port that is none', 'http://localhost:99999/cb'],
  ['3000 characters', `https://agent.test/${'a'.repeat(3000)}`],
  ['a number', 7],
  ['null', null],
  ['an object', { href: 'https://agent.test/cb' }],
];

describe('T07 redirect URIs of clients that register themselves', () => {
  test.each(badUris)('%s is refused, and named with the reason', async (_why, uri) => {
    const before = rows();
    const uris = ['https://agent.test/cb', uri];
    const answer = await register(world.issuer, { ...publicClient, redirect_uris: uris });

    expect(failure(answer)).toBe('400 invalid_redirect_uri');
    const description = String(json(answer)['error_description']);
    expect(description).toMatch(/^redirect_uris/);
    if (typeof uri === 'string') expect(description).toMatch(/^redirect_uris\[1\] \(/);
    expect(description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]{10,500}$/);
    expect(rows()).toBe(before);
  });

  test.each([
    ['none at all', undefined],
    ['an empty list', []],
    ['100 of them', Array.from({ length: 100 }, (_, index) => `https://agent.test/${index}`)],
    ['an object', { 0: 'https://agent.test/cb' }],
    ['nested lists', [['https://agent.test/cb']]],
  ])('%s is refused', async (_why, uris) => {
    const before = rows();
    const answer = await register(world.issuer, { ...publicClient, redirect_uris: uris });
    expect(failure(answer)).toBe('400 invalid_redirect_uri');
    expect(rows()).toBe(before);
  });

  test('an update is held to the same, and changes nothing', async () => {
    const client = await registered(world.issuer);
    for (const [why, uri] of badUris) {
      const body = { ...publicClient, client_id: client.client_id, redirect_uris: [uri] };
      const answer = await manage(client, 'PUT', body);
      expect(failure(answer), why).toBe('400 invalid_redirect_uri');
    }
    expect(json(await manage(client, 'GET'))['redirect_uris']).toEqual(client.redirect_uris);
  });

  test.each(['https://agent.test:8443/cb?a=b', 'com.example.app:/cb', 'http://[::1]/cb'])(
    '%s is fine',
    async (uri) => {
      const answer = await register(world.issuer, { ...publicClient, redirect_uris: [uri] });
      expect(registeredIn(answer).redirect_uris).toEqual([uri]);
    },
  );
});

describe('T14 T15 bodies that are none', () => {
  const bodies: readonly (readonly [why: string, body: unknown, status?: number])[] = [
    ['nothing', ''],
    ['no JSON', '{"redirect_uris": ['],
    ['null', null],
    ['a list', [publicClient]],
    ['a text', '"x"'],
    ['a number', '7'],
    ['1 MB', { ...publicClient, x: 'x'.repeat(1_000_000) }, 413],
    ['16 000 levels', '['.repeat(16_000)],
    ['a name that is a list', { ...publicClient, client_name: ['x'] }],
    ['grant types that are an object', { ...publicClient, grant_types: { a: 1 } }],
    [
      'grant types of others only',
      { ...publicClient, grant_types: ['client_credentials', 'implicit'] },
    ],
    ['methods that are numbers', { ...publicClient, token_endpoint_auth_method: [7] }],
    [
      'a logout URI with a fragment',
      { ...publicClient, post_logout_redirect_uris: ['https://a.test/#x'] },
    ],
  ];
  test.each(bodies)('%s', async (_why, body, status = 400) => {
    const before = rows();
    const answer = await register(world.issuer, body);
    expect(failure(answer)).toBe(`${status} invalid_client_metadata`);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(rows()).toBe(before);
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'])(
    'T33 %s, which a page may send anywhere unasked',
    async (type) => {
      const headers = { 'content-type': type };
      const answer = await register(world.issuer, publicClient, new Browser(), headers);
      expect(failure(answer)).toBe('400 invalid_client_metadata');
    },
  );

  test('an update without the token, with another one and with an unknown method', async () => {
    const client = await registered(world.issuer);
    const put = (headers: Record<string, string>) =>
      new Browser().open(client.registration_client_uri, {
        method: 'PUT',
        body: JSON.stringify({ ...publicClient, client_id: client.client_id }),
        headers: { 'content-type': 'application/json', ...headers },
      });
    expect(failure(await put({}))).toBe('401 invalid_token');
    expect(failure(await put({ authorization: 'Bearer nonsense' }))).toBe('401 invalid_token');
    expect(failure(await put({ authorization: 'Basic YTpi' }))).toBe('400 invalid_request');
  });
});

describe('T15 members that are not theirs to set', () => {
  test('our own, a client ID, a secret, a token: dropped', async () => {
    const answer = await register(world.issuer, {
      ...publicClient,
      client_id: 'grafana',
      client_secret: 'chosen-by-the-client-itself',
      client_secret_expires_at: 1,
      registration_access_token: 'chosen',
      tsidp: { approved: true, login: 'clickless', access: 'open', source: 'config' },
      tsidp_approved: true,
      tsidp_quarantined: false,
      tsidp_login: 'clickless',
      tsidp_access: 'open',
      tsidp_source: 'config',
      tsidp_lifetimes: { accessTokenSeconds: 86_400 },
      tsidp_allowed_origins: ['https://evil.test'],
      __proto__: { tsidp_approved: true },
      id_token_signed_response_alg: 'HS256',
      subject_type: 'pairwise',
    });
    const client = registeredIn(answer);
    expect(client.client_id).not.toBe('grafana');
    expect(client).not.toHaveProperty('client_secret');
    expect(client.registration_access_token).not.toBe('chosen');
    expect(client['id_token_signed_response_alg']).toBe('RS256');
    const database = new DatabaseSync(join(world.directory, 'state', 'tsidp.db'), {
      readOnly: true,
    });
    const row = database.prepare('SELECT * FROM clients WHERE id = ?').get(client.client_id);
    database.close();
    expect(row?.['source']).toBe('dynamic');
    const { tsidp: options, ...others } = JSON.parse(String(row?.['metadata']));
    expect(options).toEqual({});
    expect(JSON.stringify(others)).not.toContain('tsidp');

    const said = { tsidp: { approved: true }, tsidp_approved: true };
    const changed = { ...publicClient, client_id: client.client_id, ...said };
    expect(answer.body).not.toContain('tsidp');
    expect((await manage(client, 'PUT', changed)).body).not.toContain('tsidp');
  });

  test('T18 URLs that somebody would fetch: dropped, and nobody fetches them', async () => {
    const client = registeredIn(
      await register(world.issuer, {
        ...publicClient,
        token_endpoint_auth_method: ['private_key_jwt', 'none'],
        jwks_uri: 'http://127.0.0.1:1/jwks',
        sector_identifier_uri: 'https://127.0.0.1:1/sector',
        logo_uri: 'http://169.254.169.254/latest',
        initiate_login_uri: 'https://127.0.0.1:1/login',
        backchannel_logout_uri: 'http://127.0.0.1:1/logout',
        request_uris: ['http://127.0.0.1:1/request'],
        policy_uri: 'javascript:alert(1)',
        client_uri: 'https://agent.test',
      }),
    );
    expect(JSON.stringify(client)).not.toMatch(/127\.0\.0\.1:1\/|169\.254|javascript/);
    expect(client['client_uri']).toBe('https://agent.test');
  });

  test.each([
    ['markup stays text', '<b>Grafana</b>', '<b>Grafana</b>'],
    ['line breaks and blanks', '  My\n\t agent  ', 'My agent'],
    ['invisible characters', 'Gra\u200b\u2060fa\ufeffna', 'Grafana'],
    ['300 characters', 'x'.repeat(300), `${'x'.repeat(99)}…`],
    ['emoji', '👩‍💻 Agent', '👩‍💻 Agent'],
    ['stacked accents', `a${'\u0301'.repeat(50)}`, 'á\u0301\u0301\u0301'],
    ['nothing that is seen', '\u200b \u2060', undefined],
  ])('a name with %s', async (_why, name, shown) => {
    const answer = await register(world.issuer, { ...publicClient, client_name: name });
    expect(registeredIn(answer)['client_name']).toBe(shown);
  });

  test.each([
    ['text direction', 'Grafana \u202enaem'],
    ['marks of direction', 'Gra\u200ffana'],
    ['control characters', 'Gra\u0007fana'],
    ['half a character', 'Gra\ud800fana'],
  ])('a name with %s is refused', async (_why, name) => {
    const answer = await register(world.issuer, { ...publicClient, client_name: name });
    expect(failure(answer)).toBe('400 invalid_client_metadata');
    expect(json(answer)['error_description']).toContain('client_name');
  });
});
