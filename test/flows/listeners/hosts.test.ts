import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attempt } from '../../world/login.ts';
import { exchange } from '../../world/raw.ts';
import { startWorld, type World } from '../../world/world.ts';

/** Paths whose answers hold URLs of ours. */
const paths = {
  discovery: () => '/.well-known/openid-configuration',
  metadata: () => '/.well-known/oauth-authorization-server',
  'a login': (issuer: string) => pathOf(attempt(issuer, 'grafana').url),
  'a login with a page': (issuer: string) => pathOf(attempt(issuer, 'careful').url),
  'a login refused on a page': (issuer: string) =>
    pathOf(attempt(issuer, 'grafana', { redirect_uri: 'https://x.test/' }).url),
  userinfo: () => '/userinfo',
  logout: () => '/logout',
  home: () => '/',
};

const pathOf = ({ pathname, search }: URL) => pathname + search;

describe('T29 T33 the host that a request names', () => {
  let world: World;
  let port: string;

  beforeAll(async () => {
    world = await startWorld();
    ({ port } = new URL(world.issuer));
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const own = () => `Host: 127.0.0.1:${port}`;
  const get = (path: string, lines: readonly string[]) =>
    exchange(port, [`GET ${path} HTTP/1.1`, ...lines]);

  describe.each(Object.entries(paths))('at %s', (_, path) => {
    it.each([
      ['another name', ['Host: evil.example']],
      ['another name with our port', ['Host: evil.example:PORT']],
      ['a name that begins as ours', ['Host: 127.0.0.1.evil.example']],
      ['a name that ends as ours', ['Host: evil-idp.tailnet.test']],
      ['a name below ours', ['Host: evil.idp.tailnet.test']],
      ['ours as user', ['Host: 127.0.0.1@evil.example']],
      ['ours as host behind a user', ['Host: evil.example@127.0.0.1']],
      ['ours behind a path', ['Host: evil.example/127.0.0.1']],
      ['ours in a list', ['Host: 127.0.0.1, evil.example']],
      ['a scheme', ['Host: http://127.0.0.1']],
      ['localhost', ['Host: localhost:PORT']],
      ['another loopback address', ['Host: 127.0.0.2:PORT']],
      ['another number for the same address', ['Host: 2130706433:PORT']],
      ['a short form of the same address', ['Host: 127.1:PORT']],
      ["another node's address", ['Host: 100.64.0.3']],
      ['nothing', ['Host:']],
      ['no header', []],
      ['two hosts, ours first', ['OWN', 'Host: evil.example']],
      ['two hosts, ours last', ['Host: evil.example', 'OWN']],
      ['one host twice', ['OWN', 'OWN']],
    ])('%s is refused', async (_name, lines) => {
      const sent = lines.map((line) => (line === 'OWN' ? own() : line.replace('PORT', port)));

      const answer = await get(path(world.issuer), sent);

      expect([400, 421]).toContain(answer.status);
      expect(answer.text).not.toContain('evil');
      expect(answer.text).not.toMatch(/^(location|set-cookie):/im);
    });

    it('in the request target counts more than the header', async () => {
      const target = path(world.issuer);
      const foreign = await get(`http://evil.example${target}`, [own()]);
      expect([400, 421]).toContain(foreign.status);
      expect(foreign.text).not.toContain('evil');

      const ours = await get(`http://127.0.0.1:${port}${target}`, [own()]);
      const plain = await get(target, [own()]);
      expect(ours.status).toBe(plain.status);

      const anotherName = await get(`http://idp.tailnet.test:9${target}`, [own()]);
      expect(anotherName.status).toBe(plain.status);
      expect(anotherName.text).not.toContain('idp.tailnet.test:9');
    });

    it.each([
      ['X-Forwarded-Host: evil.example'],
      ['X-Forwarded-Proto: https'],
      ['X-Forwarded-Host: evil.example', 'X-Forwarded-Proto: ftp', 'X-Forwarded-Port: 1'],
      ['Forwarded: host=evil.example;proto=ftp'],
      ['X-Original-Host: evil.example', 'X-Original-URL: http://evil.example/'],
      ['X-Host: evil.example', 'X-HTTP-Host-Override: evil.example', 'X-Rewrite-URL: /evil'],
    ])('is not %s', async (...lines) => {
      const answer = await get(path(world.issuer), [own(), ...lines]);

      expect(answer.status).toBeLessThan(500);
      expect(answer.text).not.toMatch(/evil|ftp:/);
      expect(answer.text).not.toContain(`https://127.0.0.1`);
    });

    it.each([
      'idp.tailnet.test',
      'IDP.Tailnet.Test:8080',
      'idp.tailnet.test.',
      '100.64.0.2',
      '100.64.0.2:443',
      '[fd7a:115c:a1e0::2]:443',
    ])('may be %s, and the answer still names the issuer', async (host) => {
      const plain = await get(path(world.issuer), [own()]);

      const answer = await get(path(world.issuer), [`Host: ${host}`]);

      expect(answer.status).toBe(plain.status);
      const shown = answer.text.replace('idp.tailnet.test (', '').toLowerCase();
      expect(shown).not.toContain(host.toLowerCase());
    });
  });

  it('leaves discovery with the configured issuer in every URL', async () => {
    for (const host of ['Host: idp.tailnet.test', 'Host: 100.64.0.2:1', own()]) {
      const { body } = await get(paths.discovery(), [host, 'X-Forwarded-Host: evil.example']);
      const document = JSON.parse(body);
      expect(document.issuer).toBe(world.issuer);
      const urls = Object.entries(document).filter(([name]) => /_endpoint$|_uri$/.test(name));
      expect(urls.length).toBeGreaterThan(5);
      for (const [, url] of urls) expect(new URL(String(url)).origin).toBe(world.issuer);
    }
  });

  it('names the issuer in redirects, pages and challenges', async () => {
    const host = 'Host: 100.64.0.2:1';
    const login = await get(paths['a login'](world.issuer), [host]);
    expect(login.text).toContain(`iss=${encodeURIComponent(world.issuer)}`);
    const page = await get(paths['a login with a page'](world.issuer), [host]);
    expect(page.text).toMatch(/^location: \/interaction\/[\w-]+\r$/im);
    const challenge = await get('/userinfo', [host]);
    expect(challenge.text).toMatch(/^www-authenticate: Bearer realm="http:\/\/127\.0\.0\.1:\d+"/im);
  });

  it.each([
    'OPTIONS * HTTP/1.1',
    'CONNECT evil.example:443 HTTP/1.1',
    'GET //evil.example/authorize HTTP/1.1',
    'GET /%2e%2e/authorize HTTP/1.1',
    'GET /AUTHORIZE HTTP/1.1',
    'GET evil HTTP/1.1',
  ])('finds nothing at %s', async (line) => {
    const answer = await exchange(port, [line, own()]);
    // to close the connection without a word is an answer, too
    if (answer.text !== '') expect([400, 404, 405, 421]).toContain(answer.status);
    expect(answer.text).not.toContain('evil');
  });
});
