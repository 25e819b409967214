import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Browser } from '../../world/browser.ts';
import { json, type Serve } from '../../world/document-site.ts';
import { startWorld, type World } from '../../world/world.ts';
import { type DocumentWorld, startDocumentWorld, storedRows } from './document-world.ts';

const redirect = 'https://agent.test/callback';

/** Where the person's browser is sent to by the app, and what comes. */
const authorize = (
  world: World,
  id: string,
  more: Record<string, string> = {},
  from = '127.0.0.1',
) => new Browser(from).open(`${world.issuer}/authorize?${query(id, more)}`);

const query = (id: string, more: Record<string, string> = {}) =>
  new URLSearchParams({
    client_id: id,
    redirect_uri: redirect,
    response_type: 'code',
    scope: 'openid',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
    ...more,
  });

const redeem = (world: World, id: string, from = '127.0.0.9') =>
  new Browser(from).open(`${world.issuer}/token`, {
    form: { grant_type: 'refresh_token', refresh_token: 'x', client_id: id },
  });

const document = (id: string, members: Record<string, unknown> = {}) =>
  json({
    client_id: id,
    redirect_uris: [redirect],
    token_endpoint_auth_method: 'none',
    ...members,
  });

/** What strangers' hosts may answer; each is refused, and says why. */
const lies: Record<string, readonly [words: RegExp, serve: (id: string) => Serve]> = {
  'another client_id': [/own URL/, () => document('https://agent.test/other.json')],
  'no client_id': [/own URL/, () => json({ redirect_uris: [redirect] })],
  'a secret': [/secret/, (id) => document(id, { client_secret: 'public-secret' })],
  'a secret-based method': [
    /shared secret/,
    (id) => document(id, { token_endpoint_auth_method: 'client_secret_basic' }),
  ],
  'private keys': [
    /private or symmetric/,
    (id) =>
      document(id, {
        jwks: { keys: [{ kty: 'EC', d: 'x' }] },
        token_endpoint_auth_method: undefined,
      }),
  ],
  'no redirect URIs': [/redirect_uris/, (id) => document(id, { redirect_uris: [] })],
  'a redirect URI that runs code': [
    /redirect_uris/,
    (id) => document(id, { redirect_uris: [redirect, 'javascript:alert(1)'] }),
  ],
  'an array': [/JSON object/, () => json([])],
  'no JSON': [/not JSON/, () => json('{')],
  HTML: [/Content-Type/, () => json('{}', { 'content-type': 'text/html' })],
  'a redirect': [
    /redirect \(302\)/,
    () => (_request, response) => void response.writeHead(302, { location: '/good.json' }).end(),
  ],
  'not found': [/answered 404/, () => (_request, response) => void response.writeHead(404).end()],
  '204': [/answered 204/, () => (_request, response) => void response.writeHead(204).end()],
  '304 out of nothing': [
    /answered 304/,
    () => (_request, response) => void response.writeHead(304).end(),
  ],
  '100 KB': [/64 KiB/, (id) => document(id, { padding: 'a'.repeat(100_000) })],
  'a gzip bomb': [
    /compressed/,
    () => (_request, response) =>
      void response
        .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
        .end(gzipSync(Buffer.alloc(5_000_000, ' '))),
  ],
};

describe('T18 metadata documents that lie', () => {
  let at: DocumentWorld;
  beforeAll(async () => {
    at = await startDocumentWorld();
  });
  afterAll(() => at[Symbol.asyncDispose]());

  it.each(Object.entries(lies))('are refused: %s', async (name, [words, serve]) => {
    const { world, site } = at;
    const path = `/lie-${encodeURIComponent(name)}.json`;
    const id = site.id(path);
    site.set(path, serve(id));
    const page = await authorize(world, id);
    expect([page.status, page.location]).toEqual([400, undefined]);
    expect(page.body).toContain('invalid_client');
    expect(page.body).toMatch(words);
    const answer = await redeem(world, id, '127.0.0.1');
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toMatchObject({
      error: 'invalid_client',
      error_description: expect.stringMatching(words),
    });
    // believed for a minute: nobody makes us knock on a stranger's door again and again
    expect(site.count(path)).toBe(1);
  });

  it('leave nothing behind', () => {
    const rows = storedRows(at.world);
    expect(rows).toEqual(Object.fromEntries(Object.keys(rows).map((name) => [name, 0])));
    expect(at.site.count('/good.json')).toBe(0);
  });

  it('end when they hang, and are trouble that may pass', async () => {
    const { world, site } = at;
    const id = site.id('/hang.json');
    site.set('/hang.json', () => undefined);
    const pages = await Promise.all(Array.from({ length: 5 }, () => authorize(world, id)));
    for (const page of pages) {
      expect([page.status, page.location]).toEqual([503, undefined]);
      expect(page.headers['retry-after']).toBeDefined();
      expect(page.body).toMatch(/in time/);
    }
    expect(site.count('/hang.json')).toBe(1);
  }, 15_000);

  it.each([
    ...['https://127.0.0.1/c', 'https://localhost/c', 'https://[::1]/c', 'https://10.0.0.1/c'],
    ...['https://100.64.0.1/c', 'https://[fd7a:115c:a1e0::1]/c', 'https://169.254.169.254/c'],
    ...['https://192.168.1.1/c', 'https://[::ffff:10.0.0.1]/c', 'https://[fe80::1]/c'],
  ])('never lead to %s', async (written) => {
    const id = new URL(written).href;
    const page = await authorize(at.world, id, {}, '127.0.0.2');
    expect([page.status, page.location]).toEqual([400, undefined]);
    expect(page.body).toMatch(/not at a public address/);
    // who looks after the daemon reads more than the stranger
    expect(at.world.logged()).toMatch(/"host":"\S+ is a[n ]/);
  });

  it.each([
    ...[
      'http://agent.test/c',
      'https://agent.test',
      'https://u:p@agent.test/c',
      'HTTPS://agent.test/c',
    ],
    ...['https://agent.test/a/../c', 'https://agent.test/c#f', 'https://2130706433/c', 'https://x'],
    `https://agent.test/${'a'.repeat(1100)}`,
  ])('are no client IDs: %.60s', async (id) => {
    const page = await authorize(at.world, id);
    expect([page.status, page.location]).toEqual([400, undefined]);
    expect(page.body).toMatch(/client_id (?:is|has|does|names)/);
  });
});

describe('T18 who makes us ask', () => {
  it('is nobody without an identity: not at the token endpoint, not at the login', async () => {
    await using at = await startDocumentWorld();
    const { world, site } = at;
    const id = site.publish('/client.json');
    for (const from of ['127.0.0.4', '127.0.0.5', '127.0.0.9']) {
      const answer = await redeem(world, id, from);
      expect(JSON.parse(answer.body)).toMatchObject({ error: 'invalid_client' });
      expect((await authorize(world, id, {}, from)).status).toBe(403);
    }
    expect(site.asked).toEqual([]);
    expect((await authorize(world, id)).status).toBe(303);
    // from then on it is known
    expect(JSON.parse((await redeem(world, id)).body)).toMatchObject({ error: 'invalid_grant' });
    expect(site.count('/client.json')).toBe(1);
  });

  it.each([{ origin: 'https://evil.test' }, { 'sec-fetch-site': 'same-site' }])(
    'T33 is no web page that borrows its visitor: %o',
    async (headers) => {
      await using at = await startDocumentWorld();
      const { world, site } = at;
      const form = { client_id: site.publish('/client.json'), token: 'x' };
      const paths = ['/token', '/request', '/device_authorization', '/introspect', '/revoke'];
      for (const path of paths) {
        const answer = await new Browser().open(`${world.issuer}${path}`, { form, headers });
        expect(JSON.parse(answer.body), path).toMatchObject({ error: 'invalid_client' });
      }
      expect(site.asked).toEqual([]);
    },
  );

  it.each(['image', 'iframe', 'empty'])(
    'T33 is no page that has its visitor ask for an %s',
    async (dest) => {
      await using at = await startDocumentWorld();
      const { world, site } = at;
      const id = site.publish('/client.json');
      const open = (headers: Record<string, string>) =>
        new Browser().open(`${world.issuer}/authorize?${query(id)}`, { headers });
      const from = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
      const page = await open({ ...from, 'sec-fetch-dest': dest });
      expect([page.status, page.location]).toEqual([400, undefined]);
      expect(site.asked).toEqual([]);
      expect((await open({ ...from, 'sec-fetch-dest': 'document' })).status).toBe(303);
      // once it is known, that gives nothing away
      expect((await open({ ...from, 'sec-fetch-dest': dest })).status).toBe(303);
    },
  );

  it('T14 is nobody who does so thirty times a minute', async () => {
    await using at = await startDocumentWorld();
    const { world, site } = at;
    const statuses: number[] = [];
    for (let i = 0; i < 33; i++) {
      statuses.push((await redeem(world, site.id(`/${i}.json`), '127.0.0.1')).status);
    }
    expect(statuses.slice(0, 30)).toEqual(Array(30).fill(400));
    expect(statuses.slice(30)).toEqual([429, 429, 429]);
    expect(site.asked).toHaveLength(30);
    // others are not locked out
    expect((await authorize(world, site.publish('/good.json'), {}, '127.0.0.2')).status).toBe(303);
  });

  it.each([
    [{ mode: 'off' }, /not registered|client is invalid|not found/],
    [{ mode: 'allowed', allowedHosts: ['apps.test'] }, /not accepted here/],
  ])('is nobody where the operator wants none: %j', async (metadataDocuments, words) => {
    await using world = await startWorld({ metadataDocuments });
    const page = await authorize(world, 'https://agent.test/client.json');
    expect([page.status, page.location]).toEqual([400, undefined]);
    expect(page.body).toContain('invalid_client');
    expect(page.body).toMatch(words);
  });
});
