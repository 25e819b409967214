import { expect, test } from 'vitest';
import { problemsOf } from './load.ts';

const refused: readonly [what: string, file: unknown, problem: RegExp][] = [
  ['unknown member', { isuer: 'x' }, /:2: isuer: is no member here; did you mean "issuer"\?$/u],
  ['unknown inner member', { listen: { prot: 1 } }, /:3: listen\.prot: .* "port"\?$/u],
  [
    'member of the other listener',
    { listen: { type: 'demo', plainHttp: true } },
    /plainHttp: is no/u,
  ],
  ['unlike any member', { zzzzzzzzz: 1 }, /zzzzzzzzz: is no member here: remove it$/u],
  ['__proto__', '{"__proto__": {"login": "confirm"}}', /__proto__: is no member here/u],
  ['wrong choice', { login: 'confrim' }, /login: "confrim" must be one of .* mean "confirm"\?$/u],
  ['number as text', { listen: { port: '443' } }, /listen\.port: "443" must be a whole number/u],
  ['port 0', { listen: { port: 0 } }, /listen\.port: 0 must be a whole number from 1 to 65535$/u],
  ['fraction', { whoisCacheSeconds: 0.5 }, /0\.5 must be a whole number from 0 to 5$/u],
  ['long code', { lifetimes: { codeSeconds: 601 } }, /codeSeconds: 601 must .* from 1 to 600$/u],
  ['long grace', { lifetimes: { refreshGraceSeconds: 61 } }, /from 0 to 60$/u],
  ['list for object', { limits: [] }, /limits: an empty list must be an object/u],
  ['null', { clients: null }, /clients: null must be a list/u],
  ['whole file of the wrong kind', '[]', /tsidp\.jsonc: an empty list must be an object/u],
  ['issuer with a slash', { issuer: 'https://idp.example/' }, /write "https:\/\/idp\.example"$/u],
  ['issuer with a path', { issuer: 'https://idp.example/x' }, /write "https:\/\/idp\.example"$/u],
  ['issuer with a query', { issuer: 'https://idp.example?x' }, /normal form/u],
  ['issuer in capitals', { issuer: 'https://IDP.example' }, /write "https:\/\/idp\.example"$/u],
  ['issuer with its default port', { issuer: 'https://idp.example:443' }, /normal form/u],
  ['issuer with userinfo', { issuer: 'https://a@idp.example' }, /normal form/u],
  ['issuer with a last dot', { issuer: 'https://idp.example.' }, /without a dot/u],
  ['issuer of another scheme', { issuer: 'ftp://idp.example' }, /must be a URL such as/u],
  ['plain issuer', { issuer: 'http://idp.example' }, /must begin with "https:\/\/", unless/u],
  [
    'issuer of TLS on plain HTTP',
    { issuer: 'https://idp.example', listen: { plainHttp: true } },
    /must begin with "http:\/\/", as listen\.plainHttp/u,
  ],
  [
    'issuer of TLS for the demo',
    { issuer: 'https://idp.example', listen: { type: 'demo' } },
    /must begin with "http:\/\/", as the demo/u,
  ],
  [
    'unknown listener',
    { listen: { type: 'public' } },
    /"public" must be one of "auto", "tailnet"/u,
  ],
  ['listening everywhere', { listen: { addresses: ['0.0.0.0'] } }, /listening everywhere/u],
  ['listening everywhere, IPv6', { listen: { addresses: ['::'] } }, /listening everywhere/u],
  ['no address', { listen: { addresses: ['idp'] } }, /must be an IP address/u],
  ['no addresses', { listen: { addresses: [] } }, /addresses: an empty list must .* 1 to 16/u],
  [
    'certificate alone',
    { listen: { certificateFile: 'c' } },
    /keyFile: is missing; it must be set together/u,
  ],
  [
    'certificate and plain HTTP',
    { listen: { certificateFile: 'c', keyFile: 'k', plainHttp: true } },
    /plainHttp: true cannot be combined with "certificateFile"/u,
  ],
  ['demo for others', { listen: { type: 'demo', hosts: ['100.64.0.1'] } }, /loopback address/u],
  ['demo everywhere', { listen: { type: 'demo', hosts: ['0.0.0.0'] } }, /loopback address/u],
  ['demo by name', { listen: { type: 'demo', hosts: ['127.evil.example'] } }, /loopback address/u],
  [
    'same member twice',
    '{"login":"confirm",\n"login":"clickless"}',
    /:1: login: stands here twice/u,
  ],
];

test.each(refused)('refused with place, value and remedy: %s', (_, file, problem) => {
  expect(problemsOf(file)).toEqual([expect.stringMatching(problem)]);
});
