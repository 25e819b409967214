import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  checkRedirectUri,
  formActionSource,
  isNativeRedirect,
  redirectHost,
  redirectUriMatches,
} from '../../src/protocol/redirect-uri.ts';

const allowed = [
  'https://grafana.example/login/generic_oauth',
  'https://pve.tail1234.ts.net:8006',
  'https://app.example/cb?tenant=1&x=a%20b',
  'https://app.example?x=1',
  'https://app.example/@user/callback',
  'https://app.example/a%2Fb',
  'https://xn--bcher-kva.example/cb',
  'https://under_score.lan/cb',
  'http://nas:5000/cb',
  'http://192.168.1.10:3000/auth/callback',
  'http://[fd7a:115c:a1e0::1]:8080/cb',
  'http://localhost:8085/auth/callback',
  'http://127.0.0.1:33418/',
  'http://[::1]:8000/cb',
  'app.immich:///oauth-callback',
  'cursor://anysphere.cursor-mcp/oauth/callback',
  'vscode://vscode.github-authentication/did-authenticate',
  'com.example.app:/oauth2redirect',
  'com.example.app:callback',
];

test.each(allowed)('%s may be registered', (uri) => {
  expect(checkRedirectUri(uri)).toBeUndefined();
});

const refused: readonly [what: string, uri: string, reason: RegExp][] = [
  ['userinfo', 'https://good.example@evil.example/cb', /before "@"/u],
  ['userinfo with password', 'https://good.example:443@evil.example/cb', /before "@"/u],
  ['userinfo at localhost', 'http://localhost@evil.example/cb', /before "@"/u],
  ['userinfo in a private scheme', 'app.immich://good@evil/cb', /before "@"/u],
  ['backslash before the host', 'https:\\\\evil.example/cb', /backslash/u],
  ['backslash as a delimiter', 'https://good.example\\@evil.example/cb', /backslash/u],
  ['backslash in the path', 'https://good.example/cb\\..\\x', /backslash/u],
  ['encoded backslash', 'https://good.example/%5c%5Cevil.example', /encoded/u],
  ['IDN homograph', 'https://gооd.example/cb', /punycode/u],
  ['full-width dot', 'https://good。example/cb', /punycode/u],
  ['path beyond ASCII', 'https://good.example/bücher', /percent-encode/u],
  ['right-to-left override', 'https://good.example/\u202Egnp', /percent-encode/u],
  ['capitals in the host', 'https://Good.example/cb', /lower case/u],
  ['capitals in the scheme', 'HTTPS://good.example/cb', /lower case/u],
  ['trailing dot', 'https://good.example./cb', /ends in a dot/u],
  ['trailing dot and port', 'https://good.example.:8443/cb', /ends in a dot/u],
  ['default port of https', 'https://good.example:443/cb', /default port/u],
  ['default port of http', 'http://good.example:80/cb', /default port/u],
  ['port with zeros', 'https://good.example:08443/cb', /normal form/u],
  ['port out of range', 'https://good.example:65536/cb', /browser/u],
  ['empty port', 'https://good.example:/cb', /host or port/u],
  ['parent segment', 'https://good.example/cb/../evil', /segment/u],
  ['own segment', 'https://good.example/./cb', /segment/u],
  ['parent segment in a private scheme', 'app.immich:///a/../b', /segment/u],
  ['encoded dots', 'https://good.example/cb/%2e%2e/evil', /encoded/u],
  ['half-encoded dots', 'https://good.example/cb/.%2E/evil', /encoded/u],
  ['NUL', 'https://good.example/cb%00.evil.example', /control/u],
  ['encoded line break', 'https://good.example/cb%0d%0aSet-Cookie:x', /control/u],
  ['line break', 'https://good.example/cb\n', /control/u],
  ['leading blank', ' https://good.example/cb', /white space/u],
  ['tab within', 'java\tscript:alert(1)', /white space/u],
  ['bare percent', 'https://good.example/100%', /%25/u],
  ['fragment', 'https://good.example/cb#x', /fragment/u],
  ['empty fragment', 'https://good.example/cb#', /fragment/u],
  ['wildcard host', 'https://*.good.example/cb', /wildcard/u],
  ['wildcard alone', '*', /absolute/u],
  ['quotes', 'https://good.example/"onload="x', /percent-encode/u],
  ['markup', 'https://good.example/<script>', /percent-encode/u],
  ['CSP injection by host', 'https://good.example;script-src/cb', /host or port/u],
  ['comma in host', 'https://good.example,evil.example/cb', /host or port/u],
  ['encoded host', 'https://%67ood.example/cb', /host or port/u],
  ['empty label', 'https://good..example/cb', /host or port/u],
  ['address in hexadecimal', 'https://0x7f.0.0.1/cb', /normal form/u],
  ['address cut short', 'http://127.1/cb', /normal form/u],
  ['address as a number', 'http://2130706433/cb', /normal form/u],
  ['long IPv6 form', 'http://[0:0:0:0:0:0:0:1]/cb', /normal form/u],
  ['no slashes', 'https:good.example/cb', /no host/u],
  ['three slashes', 'https:///good.example/cb', /no host/u],
  ['one slash', 'https:/good.example/cb', /no host/u],
  ['relative', '/cb', /absolute/u],
  ['scheme-relative', '//good.example/cb', /absolute/u],
  ['empty', '', /absolute/u],
  ['scheme alone', 'com.example.app:', /nothing after/u],
  ['too long', `https://good.example/${'a'.repeat(2048)}`, /2048/u],
];

describe('T07 redirect URIs that must not be registered', () => {
  test.each(refused)('T07 %s: %j', (_, uri, reason) => {
    expect(checkRedirectUri(uri)).toMatch(reason);
  });

  test.each(
    ['javascript:alert(1)', 'javascript://good.example/?alert(1)', 'JavaScript:alert(1)'].concat(
      ['data:text/html,x', 'vbscript:x', 'blob:https://good.example/1', 'file:///etc/passwd'],
      ['about:blank', 'view-source:https://good.example/', 'filesystem:https://good.example/x'],
      ['ws://good.example/', 'wss://good.example/', 'ftp://good.example/', 'mailto:a@good.example'],
      ['jar:https://good.example!/x', 'intent://good.example/x'],
    ),
  )('T07 forbidden scheme: %s', (uri) => {
    expect(checkRedirectUri(uri)).toMatch(/never leads to an app|lower case/u);
  });

  test('T07 whatever may be registered is what a browser follows, and nothing else is accepted for it', () => {
    const piece = fc.constantFrom(
      ...['https', 'http', ':', '/', '//', '@', '\\', '#', '?', '.', '..', '%2e', '%00', '*', ' '],
      ...[
        'good.example',
        'evil.example',
        'localhost',
        '127.0.0.1',
        '[::1]',
        ':80',
        ':443',
        'а',
        'A',
      ],
    );
    const text = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(text, (uri) => {
        if (checkRedirectUri(uri) !== undefined) return;
        const url = new URL(uri);
        expect([uri, uri.replace(/(?<=[^/:])(?=\?|$)/u, '/')]).toContain(url.href);
        expect(url.username + url.password + url.hash).toBe('');
      }),
      { numRuns: 5000 },
    );
  });
});

const registered = [
  'https://good.example/cb',
  'https://good.example/cb?tenant=1',
  'https://bare.example:8006',
  'http://127.0.0.1/callback',
  'http://[::1]:9000/callback',
  'http://localhost:8787/callback?x=1',
  'http://nas:5000/cb',
  'app.immich:///oauth-callback',
];

describe('T07 presented redirect URIs', () => {
  test.each(registered)('T07 %s matches itself', (uri) => {
    expect(redirectUriMatches(registered, uri)).toBe(true);
  });

  test.each([
    'http://127.0.0.1:51004/callback',
    'http://[::1]:51004/callback',
    'http://[::1]/callback',
    'http://localhost:65535/callback?x=1',
    'http://localhost/callback?x=1',
  ])('T07 %s matches with another port, as it is loopback', (uri) => {
    expect(redirectUriMatches(registered, uri)).toBe(true);
  });

  test.each([
    ['prefix', 'https://good.example/c'],
    ['suffix', 'https://good.example/cb/evil'],
    ['suffix in the host', 'https://good.example.evil.example/cb'],
    ['path of dots', 'https://good.example/cb/../evil'],
    ['regex dot', 'https://goodxexample/cb'],
    ['userinfo', 'https://good.example@evil.example/cb'],
    ['added query', 'https://good.example/cb?code=x'],
    ['added parameter', 'https://good.example/cb?tenant=1&tenant=2'],
    ['other parameter', 'https://good.example/cb?tenant=2'],
    ['empty query', 'https://good.example/cb?'],
    ['fragment', 'https://good.example/cb#x'],
    ['other case of the host', 'https://GOOD.example/cb'],
    ['other case of the path', 'https://good.example/CB'],
    ['trailing dot', 'https://good.example./cb'],
    ['default port', 'https://good.example:443/cb'],
    ['other port', 'https://good.example:8443/cb'],
    ['other scheme', 'http://good.example/cb'],
    ['slash after a bare origin', 'https://bare.example:8006/'],
    ['encoded letter', 'https://good.example/%63b'],
    ['blank', 'https://good.example/cb '],
    ['line break', 'https://good.example/cb\n'],
    ['line break and a loopback URI', 'https://evil.example/\nhttp://127.0.0.1/callback'],
    ['port of a host that is not loopback', 'http://nas:5001/cb'],
    ['loopback name as a prefix', 'http://127.0.0.1.evil.example/callback'],
    ['loopback name with a port as a prefix', 'http://127.0.0.1:80.evil.example/callback'],
    ['localhost as a prefix', 'http://localhost.evil/callback?x=1'],
    ['localhost as userinfo', 'http://localhost@evil/callback?x=1'],
    ['localhost and port as userinfo', 'http://localhost:80@evil/callback?x=1'],
    ['other loopback host', 'http://localhost:9000/callback'],
    ['other loopback address', 'http://127.0.0.2/callback'],
    ['loopback over https', 'https://127.0.0.1:51004/callback'],
    ['loopback, other path', 'http://127.0.0.1:51004/callback/x'],
    ['loopback, other query', 'http://localhost:1/callback?x=2'],
    ['loopback, added query', 'http://127.0.0.1:51004/callback?x=1'],
    ['loopback, fragment', 'http://127.0.0.1:51004/callback#x'],
    ['loopback, port out of range', 'http://127.0.0.1:65536/callback'],
    ['loopback, port with zeros', 'http://127.0.0.1:00080/callback'],
    ['loopback, no port after the colon', 'http://127.0.0.1:/callback'],
    ['loopback, port with a sign', 'http://127.0.0.1:+80/callback'],
    ['private scheme with another path', 'app.immich:///oauth-callback/x'],
    ['empty', ''],
  ])('T07 %s is refused: %j', (_, uri) => {
    expect(redirectUriMatches(registered, uri)).toBe(false);
  });

  test('T07 a registered wildcard or regex is compared as text', () => {
    expect(redirectUriMatches(['https://.*'], 'https://evil.example')).toBe(false);
    expect(redirectUriMatches(['https://good.example/*'], 'https://good.example/x')).toBe(false);
    expect(redirectUriMatches([], '')).toBe(false);
  });
});

test.each([
  ['https://grafana.example:3000/login', 'https://grafana.example:3000', false],
  ['http://nas:5000/cb', 'http://nas:5000', false],
  ['http://127.0.0.1.evil.example/cb', 'http://127.0.0.1.evil.example', false],
  ['app.immich:///oauth-callback', 'app.immich:', true],
  ['cursor://anysphere.cursor-mcp/oauth/callback', 'cursor:', true],
  ['http://127.0.0.1:4000/cb', 'http://127.0.0.1:4000', true],
  ['http://127.9.9.9/cb', 'http://127.9.9.9', true],
  ['http://localhost:4000/cb', 'http://localhost:4000', true],
  ['https://app.localhost/cb', 'https://app.localhost', true],
  ['http://0.0.0.0:4000/cb', 'http://0.0.0.0:4000', true],
  ['http://[::]:4000/cb', 'http://[::]:4000', true],
  ['http://[::ffff:7f00:1]:4000/cb', 'http://[::ffff:7f00:1]:4000', true],
  ['http://[::ffff:0:0]/cb', 'http://[::ffff:0:0]', true],
  ['http://[::ffff:6440:1]/cb', 'http://[::ffff:6440:1]', false],
])('%s is shown as %s, native: %s', (uri, host, native) => {
  expect(redirectHost(uri)).toBe(host);
  expect(formActionSource(uri)).toBe(uri.startsWith('http') ? 'https: http:' : host);
  expect(isNativeRedirect(uri)).toBe(native);
});

test('a form may lead nowhere for what is not a URI', () => {
  expect(formActionSource('no URI')).toBe('');
});
