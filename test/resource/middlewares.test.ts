import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createResource, type Resource } from '../../src/resource/resource.ts';
import { instant, startIssuer, type TestIssuer } from './issuer.ts';
import {
  type Build,
  connectApp,
  koaApp,
  type Sent,
  type Site,
  startSite,
  webApp,
} from './sites.ts';

let issuer: TestIssuer;
beforeAll(async () => {
  issuer = await startIssuer();
});
afterAll(() => issuer[Symbol.asyncDispose]());

const protectedBy = (url: string): Resource =>
  createResource({
    issuer: url,
    resource: 'https://mcp.test/mcp',
    name: 'Test server',
    documentation: 'https://mcp.test/docs',
    scopes: ['read_file', 'run_code'],
    clock: () => instant,
  });

const apps: [string, Build][] = [
  ['koa', koaApp],
  ['connect', connectApp],
  ['web', webApp],
];

describe.each(apps)('%s', (_name, build) => {
  let site: Site;
  beforeAll(async () => {
    site = await startSite(build(protectedBy(issuer.url)));
  });
  afterAll(() => site[Symbol.asyncDispose]());

  const withToken = async (scope: string): Promise<Record<string, string>> => ({
    Authorization: `Bearer ${await issuer.token({ scope })}`,
  });
  const documentPath = '/.well-known/oauth-protected-resource/mcp';

  test('the document is there for everybody, web pages too', async () => {
    const { status, headers, body } = await site.send({ method: 'GET', path: documentPath });
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(JSON.parse(body)).toEqual({
      resource: 'https://mcp.test/mcp',
      authorization_servers: [issuer.url],
      bearer_methods_supported: ['header'],
      dpop_signing_alg_values_supported: ['ES256', 'Ed25519', 'EdDSA'],
      scopes_supported: ['read_file', 'run_code'],
      resource_name: 'Test server',
      resource_documentation: 'https://mcp.test/docs',
    });
    const head = await site.send({ method: 'HEAD', path: `${documentPath}?x=1` });
    expect([head.status, head.body]).toEqual([200, '']);
  });

  test('a browser may ask for it first', async () => {
    const headers = {
      Origin: 'http://localhost:6274',
      'Access-Control-Request-Method': 'GET',
      'Access-Control-Request-Headers': 'mcp-protocol-version',
    };
    const answer = await site.send({ method: 'OPTIONS', path: documentPath, headers });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-headers')).toMatch(/mcp-protocol-version/i);
  });

  test('nothing else is there', async () => {
    const posted = await site.send({ path: documentPath });
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
    for (const path of [`${documentPath}/`, `${documentPath}/x`, documentPath.slice(0, -4)]) {
      expect((await site.send({ method: 'GET', path })).status).toBe(401);
    }
    expect((await site.send({ method: 'GET', path: '/' })).body).toBe('open');
  });

  test('no token: 401 and the way to one', async () => {
    const { status, headers, body } = await site.send({});
    expect(status).toBe(401);
    expect(headers.get('www-authenticate')).toBe(
      `Bearer resource_metadata="https://mcp.test${documentPath}", scope="read_file"`,
    );
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(JSON.parse(body)).not.toHaveProperty('error');
  });

  test('a good token: the handler knows who it is', async () => {
    const { status, body } = await site.send({ headers: await withToken('read_file') });
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ subject: 'userid:1' });
  });

  test('a bad one: 401', async () => {
    const { status, headers } = await site.send({ headers: { Authorization: 'Bearer abc' } });
    expect(status).toBe(401);
    expect(headers.get('www-authenticate')).toMatch(/error="invalid_token"/);
  });

  test.each(['/mcp/run', '/mcp/late'])('%s: 403 without its scope', async (path) => {
    const refused = await site.send({ path, headers: await withToken('read_file') });
    expect(refused.status).toBe(403);
    expect(refused.headers.get('www-authenticate')).toMatch(
      /error="insufficient_scope".*scope="read_file run_code"$/,
    );
    const headers = await withToken('read_file run_code');
    expect((await site.send({ path, headers })).status).toBe(200);
  });

  test('a token anywhere else than in the header is none', async () => {
    const token = await issuer.token();
    const places: Sent[] = [
      { path: `/mcp?access_token=${token}` },
      { headers: { Cookie: `access_token=${token}` } },
      { headers: { 'X-Authorization': `Bearer ${token}` } },
    ];
    for (const place of places) {
      const { status, headers } = await site.send(place);
      expect(status).toBe(401);
      expect(headers.get('www-authenticate')).not.toMatch(/error=/);
    }
  });

  test('two Authorization headers are refused, not the first one taken', async () => {
    const { Authorization = '' } = await withToken('read_file');
    const headers = { Authorization: [Authorization, 'Bearer other'] };
    expect((await site.send({ headers })).status).toBe(401);
  });

  test('T14 a huge header never reaches a check', async () => {
    const fits = await site.send({ headers: { Authorization: `Bearer ${'x'.repeat(9000)}` } });
    expect(fits.status).toBe(401);
    const tooLong = await site.send({ headers: { Authorization: `Bearer ${'x'.repeat(20_000)}` } });
    expect(tooLong.status).toBe(431);
  });

  test('the issuer away: 503 and Retry-After', async () => {
    await using gone = await startIssuer();
    const token = await gone.token();
    await gone.away();
    await using site = await startSite(build(protectedBy(gone.url)));
    const answer = await site.send({ headers: { Authorization: `Bearer ${token}` } });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    expect(answer.body).not.toContain(gone.url);
  });
});

test('an app that forgot to protect does not go on without knowing', () => {
  const options = { issuer: 'https://idp.test', resource: 'https://mcp.test/mcp' };
  const { accessOf } = createResource(options);
  expect(() => accessOf(new Request('https://mcp.test/mcp'))).toThrow(/protect/);
});
