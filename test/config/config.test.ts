import { describe, expect, test } from 'vitest';
import { type Config, loadConfig } from '../../src/config/config.ts';
import { app, load, problemsOf } from './load.ts';

test('an empty file is a whole configuration', () => {
  expect(load({})).toEqual({
    issuer: undefined,
    stateDirectory: '/state',
    tailscaled: { socket: undefined, managed: undefined },
    listen: [
      {
        type: 'auto',
        port: 443,
        plainHttp: false,
        funnel: false,
        certificateFile: undefined,
        keyFile: undefined,
        addresses: undefined,
      },
    ],
    login: 'clickless',
    access: 'open',
    emailVerified: 'addresses',
    allowForeignUsers: false,
    allowSelf: false,
    audit: { archive: true, keepDays: 90, maxRecords: 1_000_000, sink: 'none' },
    capabilityScopes: [],
    consentDays: 365,
    whoisCacheSeconds: 1,
    staleNetworkMapSeconds: 3600,
    resources: [],
    tokenExchange: { enabled: true, maxDepth: 5 },
    metadataDocuments: { mode: 'public', allowedHosts: [], pinned: new Map() },
    registration: {
      mode: 'granted',
      quarantine: false,
      perPeer: 100,
      total: 2000,
      perMinute: 30,
      unusedDays: 30,
      idleDays: 180,
      strangers: { perAddress: 10, total: 200, unusedDays: 1 },
    },
    lifetimes: {
      codeSeconds: 60,
      accessTokenSeconds: 300,
      idTokenSeconds: 300,
      refreshIdleSeconds: 2_592_000,
      refreshAbsoluteSeconds: 7_776_000,
      refreshGraceSeconds: 10,
      sessionSeconds: 1_209_600,
      interactionSeconds: 900,
      deviceCodeSeconds: 600,
      devicePollSeconds: 5,
    },
    limits: {
      requestsInFlight: 1000,
      requestsInFlightPerPeer: 100,
      requestsInFlightPerConnection: 8,
      connectionsPerPeer: 256,
      bodyBytesPerSecond: 1000,
      bodyBytes: 65_536,
      headerBytes: 16_384,
      requestTimeoutSeconds: 15,
      authorizationsPerMinute: 600,
      tokensPerMinute: 600,
      drainSeconds: 10,
    },
    log: { level: 'info' },
    clients: [],
    upstream: {
      funnel: false,
      enableSts: false,
      debugTailscaled: false,
    },
    warnings: [],
  });
});

test('no file is as good as an empty one', () => {
  const config = loadConfig({ argv: [], env: { TSIDP_STATE_DIR: '/state' } });
  expect(config).toEqual(load({}));
});

test('a client needs an ID and a redirect URI only', () => {
  expect(load({ clients: [app] }).clients).toEqual([
    {
      id: 'app',
      name: 'app',
      secret: undefined,
      redirectUris: ['https://app.example/cb'],
      postLogoutRedirectUris: [],
      authMethod: undefined,
      login: undefined,
      scopes: undefined,
      idTokenAlgorithm: 'RS256',
      grantTypes: ['authorization_code', 'refresh_token'],
      allowedOrigins: [],
      lifetimes: undefined,
    },
  ]);
});

test('comments, trailing commas and a byte order mark are fine', () => {
  expect(load('\uFEFF{ // why\n "login": "confirm", /* so */ }').login).toBe('confirm');
});

test('flags win over the environment, which wins over the file', () => {
  const file = {
    issuer: 'https://file.example',
    stateDirectory: 'state',
    listen: { port: 1, addresses: ['100.64.0.1'] },
    log: { level: 'warn' },
    tailscaled: { socket: '/file.sock' },
  };
  const env = {
    TSIDP_ISSUER: 'https://env.example',
    TSIDP_PORT: '2',
    TSIDP_LOG: 'debug',
    TSIDP_TAILSCALED_SOCKET: '/env.sock',
  };
  const argv = ['-issuer', 'https://flag.example', '--port=3', '-log', 'trace', '--dir', '/flag'];
  const read = ({ issuer, stateDirectory, listen, log, tailscaled }: Config) => [
    issuer,
    stateDirectory,
    listen[0]?.port,
    log.level,
    tailscaled.socket,
  ];
  const noState = { TSIDP_STATE_DIR: '' };
  expect(read(load(file, { env: noState }))).toEqual([
    ...['https://file.example', '/etc/state', 1, 'warn', '/file.sock'],
  ]);
  expect(read(load(file, { env }))).toEqual([
    ...['https://env.example', '/state', 2, 'debug', '/env.sock'],
  ]);
  expect(read(load(file, { env, argv }))).toEqual([
    ...['https://flag.example', '/flag', 3, 'trace', '/env.sock'],
  ]);
  expect(load(file, { argv }).listen).toMatchObject([{ addresses: ['100.64.0.1'] }]);
});

test('TSIDP_CONFIG names the file, --config another', () => {
  const files: Record<string, string> = {
    '/a.jsonc': '{"login":"confirm"}',
    '/b.jsonc': '{"access":"granted"}',
  };
  const options = {
    env: { TSIDP_CONFIG: '/a.jsonc', TSIDP_STATE_DIR: '/state' },
    readFile: (path: string) => files[path] ?? '',
  };
  expect(loadConfig({ ...options, argv: [] })).toMatchObject({ login: 'confirm', access: 'open' });
  expect(loadConfig({ ...options, argv: ['--config', '/b.jsonc'] })).toMatchObject({
    login: 'clickless',
    access: 'granted',
  });
});

test("tsidp's TS_STATE_DIR works; ours wins over it", () => {
  const env = { TSIDP_STATE_DIR: '', TS_STATE_DIR: '/theirs' };
  expect(load({}, { env }).stateDirectory).toBe('/theirs');
  expect(load({}, { env: { ...env, TSIDP_STATE_DIR: '/ours' } }).stateDirectory).toBe('/ours');
});

test('what Kubernetes sets beside a Service named tsidp is no port', () => {
  expect(load({}, { env: { TSIDP_PORT: 'tcp://10.0.0.1:443' } }).listen[0]?.port).toBe(443);
});

test("the port follows the issuer's, then the scheme's", () => {
  const plain = { listen: { plainHttp: true } };
  expect(load({ issuer: 'https://idp.example:8443' }).listen[0]?.port).toBe(8443);
  expect(load({ issuer: 'https://idp.example:8443', listen: { port: 9 } }).listen[0]?.port).toBe(9);
  expect(load(plain).listen[0]?.port).toBe(80);
  expect(load({}, { argv: ['--plain-http'] }).listen).toMatchObject([
    { port: 80, plainHttp: true },
  ]);
});

test('the demo has its issuer from where it listens', () => {
  expect(load({ listen: { type: 'demo' } })).toMatchObject({
    issuer: 'http://127.0.0.1:4400',
    listen: [{ type: 'demo', hosts: ['127.0.0.1'], port: 4400 }],
  });
  expect(load({ listen: { type: 'demo', hosts: ['::1'], port: 80 } }).issuer).toBe('http://[::1]');
});

describe('secrets in files', () => {
  const clients = [{ ...app, secretFile: 'secrets/app' }];

  test('are read relative to the configuration, white space cut', () => {
    const files = { '/etc/secrets/app': '  of the app, from a file\n' };
    expect(load({ clients }, { files }).clients[0]?.secret).toBe('of the app, from a file');
  });

  test('that are missing are named with their path', () => {
    expect(problemsOf({ clients })).toEqual([
      expect.stringMatching(
        /^\/etc\/tsidp\.jsonc:\d+: clients\[0\]\.secretFile: "secrets\/app" can't be read: there is no such file/u,
      ),
    ]);
  });

  test('that are empty or too short are refused, and never shown', () => {
    for (const secret of ['', '\n', 'geheim']) {
      const [problem] = problemsOf({ clients }, { files: { '/etc/secrets/app': secret } });
      expect(problem).toMatch(/clients\[0\]\.secretFile: "secrets\/app" holds a secret/u);
      expect(problem).not.toContain('geheim');
    }
  });
});
