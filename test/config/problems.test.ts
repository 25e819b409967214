import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
import { app, problemsOf } from './load.ts';

const refusedClients: readonly [what: string, client: unknown, problem: RegExp][] = [
  ['no ID', { redirectUris: app.redirectUris }, /clients\[0\]\.id: is missing; it must be text/u],
  ['colon in the ID', { ...app, id: 'a:b' }, /clients\[0\]\.id: "a:b" must be 1 to 128 letters/u],
  ['blank in the ID', { ...app, id: 'a b' }, /id: "a b" must be/u],
  ['no redirect URI', { id: 'app' }, /redirectUris: is missing; it must be a list/u],
  ['empty redirect URIs', { ...app, redirectUris: [] }, /must be a list of 1 to 50 entries$/u],
  [
    'one bad redirect URI',
    { ...app, redirectUris: ['https://ok.example/', 'https://a@evil.example/'] },
    /clients\[0\]\.redirectUris\[1\]: "https:\/\/a@evil\.example\/" names a user before "@"/u,
  ],
  [
    'the same redirect URI twice',
    { ...app, redirectUris: ['https://ok.example/', 'https://ok.example/'] },
    /redirectUris\[1\]: "https:\/\/ok\.example\/" is in the list twice: remove one/u,
  ],
  [
    'bad logout URI',
    { ...app, postLogoutRedirectUris: ['javascript:x'] },
    /\[0\]: "javascript:x"/u,
  ],
  ['text-direction name', { ...app, name: 'App\u202E' }, /name: .* must not hold control/u],
  ['long name', { ...app, name: 'a'.repeat(101) }, /must be at most 100 characters/u],
  ['blank name', { ...app, name: ' ' }, /name: " " must not be empty/u],
  [
    'basic without secret',
    { ...app, authMethod: 'client_secret_basic' },
    /authMethod: .* needs a/u,
  ],
  [
    'none with secret',
    { ...app, authMethod: 'none', secret: 'long enough' },
    /authMethod: "none" cannot be combined with a secret/u,
  ],
  [
    'refresh alone',
    { ...app, grantTypes: ['refresh_token'] },
    /grantTypes: .* must include another one/u,
  ],
  [
    'peer and secret',
    { id: 'a', secret: 'long enough', peer: { tags: ['tag:ci'] } },
    /peer: .* must be set without/u,
  ],
  [
    'peer and requires',
    { id: 'a', peer: { tags: ['tag:ci'] }, requires: { groups: ['ops'] } },
    /requires: .* cannot be combined with "peer"/u,
  ],
  [
    'peer and access',
    { id: 'a', peer: { tags: ['tag:ci'] }, access: 'granted' },
    /access: .* cannot be combined with "peer"/u,
  ],
  ['peer of no kind', { id: 'a', peer: {} }, /peer\.tags: is missing/u],
  ['peer without the prefix', { id: 'a', peer: { tags: ['ci'] } }, /must be/u],
  ['may_act of nobody', { ...app, mayAct: { tags: [] } }, /mayAct/u],
  [
    'credentials of a public client',
    { ...app, grantTypes: ['client_credentials', 'authorization_code'] },
    /grantTypes: a list must not include client_credentials without credentials: add/u,
  ],
  ['scope with a comma', { ...app, scopes: ['openid,email'] }, /scopes\[0\]: .* must be a scope/u],
  ['origin with a path', { ...app, allowedOrigins: ['https://a.example/'] }, /must be an origin/u],
  ['any origin', { ...app, allowedOrigins: ['*'] }, /allowedOrigins\[0\]: "\*" must be an origin/u],
  ['algorithm none', { ...app, idTokenAlgorithm: 'none' }, /idTokenAlgorithm: "none" must be one/u],
  ['unknown lifetime', { ...app, lifetimes: { sessionSeconds: 1 } }, /sessionSeconds: is no/u],
];

test.each(refusedClients)('a client is refused: %s', (_, client, problem) => {
  expect(problemsOf({ clients: [client] })).toEqual([expect.stringMatching(problem)]);
});

test('client IDs are unique', () => {
  const clients = [app, { ...app, id: 'other' }, app];
  expect(problemsOf({ clients })).toEqual([
    expect.stringMatching(/clients\[2\]\.id: "app" is taken by clients\[0\]: choose another$/u),
  ]);
});

test('all problems come at once, each from its own source', () => {
  const problems = problemsOf(
    {
      issuer: 'http://idp.example',
      log: { level: 'loud' },
      clients: [{ id: 'a b' }, { ...app, secretFile: 'gone' }, app],
    },
    { argv: ['--port', '70000'], env: { TSIDP_TAILSCALED_SOCKET: 'a\0b' } },
  );
  const places = problems.map((problem) => problem.split(': ').slice(0, 2).join(': '));
  expect(places.sort()).toEqual([
    '--port: 70000 must be a whole number from 1 to 65535',
    '/etc/tsidp.jsonc:15: clients[1].secretFile',
    '/etc/tsidp.jsonc:18: clients[2].id',
    '/etc/tsidp.jsonc:2: issuer',
    '/etc/tsidp.jsonc:4: log.level',
    '/etc/tsidp.jsonc:7: clients[0].redirectUris',
    '/etc/tsidp.jsonc:8: clients[0].id',
    'TSIDP_TAILSCALED_SOCKET: "a\\u0000b" must be the path of a file',
  ]);
});

test('T22 no message shows a secret, wherever it stands', () => {
  const secret = 'hunter2-hunter2';
  const files = [
    { clients: [{ ...app, secret: `${secret}\u00e9` }] },
    { clients: [{ ...app, secret: [secret] }] },
    { clients: [{ ...app, secret: { value: secret } }] },
    { clients: [{ ...app, secrt: secret }] },
    { clients: [{ ...app, secret, secretFile: 'gone' }] },
    { clients: { ...app, secret } },
    { clients: secret },
    { clients: [secret] },
    `{"clients":[{"secret":"${secret}" "id":"x"}]}`,
    `{"clients":[{"secret":"${secret}]}`,
    `{"clients":[{"secret":"${secret}","secret":"${secret}"}]}`,
  ];
  for (const file of files) {
    const problems = problemsOf(file);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join('\n')).not.toContain('hunter2');
  }
});

test('broken JSON names line and column', () => {
  expect(problemsOf('{\n  "login": "confirm"\n  "access": "open"\n}')).toEqual([
    '/etc/tsidp.jsonc:3:3: comma expected',
  ]);
  expect(problemsOf('')).toEqual([expect.stringMatching(/^\/etc\/tsidp\.jsonc/u)]);
});

test('a file that cannot be read is named', () => {
  const readFile = () => {
    throw Object.assign(new Error('EACCES'), { code: 'EACCES' });
  };
  expect(() => loadConfig({ argv: ['--config', '/x'], env: {}, readFile })).toThrow(
    /^\/x: can't be read: permission denied: let the user/u,
  );
});

test.each([
  [['--isuer', 'x'], /^--isuer: there is no such flag; did you mean "--issuer"\?$/u],
  [['-tailscale-socket=x'], /did you mean "--tailscaled-socket"\?$/u],
  [['--zzzzzz'], /^--zzzzzz: there is no such flag; --help lists them$/u],
  [['--port'], /^--port: needs a value: write --port PORT$/u],
  [['--dir', '--plain-http'], /^--dir: needs a value/u],
  [['--plain-http=maybe'], /^--plain-http: takes no value/u],
  [['serve'], /^"serve": takes no such argument/u],
])('flags %j are refused', (argv, problem) => {
  expect(problemsOf({}, { argv })).toEqual([expect.stringMatching(problem)]);
});
