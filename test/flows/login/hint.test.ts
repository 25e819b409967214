import { generateKeyPairSync } from 'node:crypto';
import { base64url, type CryptoKey, importJWK, type JWK, SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { json, openApp, parameters, redirectOf } from '../../world/app.ts';
import { Browser } from '../../world/browser.ts';
import { startWorld, type World } from '../../world/world.ts';

describe('T28 id_token_hint', () => {
  let world: World;
  let mine: string;
  let keys: JWK[];
  beforeAll(async () => {
    world = await startWorld();
    mine = (await (await openApp(world, 'grafana')).login()).id_token ?? '';
    const jwks = await new Browser().open(`${world.issuer}/.well-known/jwks.json`);
    keys = (json(jwks) as { keys: JWK[] }).keys;
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const attacker = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const attackerJwk = attacker.publicKey.export({ format: 'jwk' }) as JWK;
  const encode = (value: unknown) => base64url.encode(JSON.stringify(value));
  const claims = () => JSON.parse(Buffer.from(mine.split('.')[1] ?? '', 'base64url').toString());
  const rsa = () => keys.find(({ alg }) => alg === 'RS256') ?? {};
  const kid = () => String(rsa().kid);
  const sign = (protectedHeader: Record<string, unknown>) =>
    new SignJWT(claims())
      .setProtectedHeader({ alg: 'RS256', ...protectedHeader })
      .sign(attacker.privateKey);
  const withSecret = (alg: string, secret: string | Buffer) =>
    new SignJWT(claims())
      .setProtectedHeader({ alg, kid: kid() })
      .sign(typeof secret === 'string' ? Buffer.from(secret) : secret);

  async function answers(hint: string) {
    const query = {
      client_id: 'grafana',
      response_type: 'code',
      redirect_uri: redirectOf('grafana'),
      scope: 'openid',
    };
    const url = (more: Record<string, string>) =>
      `${world.issuer}/authorize?${new URLSearchParams({ ...query, id_token_hint: hint, ...more })}`;
    const browser = new Browser();
    await browser.open(`${world.issuer}/authorize?${new URLSearchParams(query)}`);
    const logout = new URLSearchParams({ id_token_hint: hint });
    return {
      authorize: parameters(await browser.open(url({}))),
      silent: parameters(await browser.open(url({ prompt: 'none' }))),
      logout: await browser.open(`${world.issuer}/logout?${logout}`),
    };
  }

  const forged: [string, () => string | Promise<string>][] = [
    ['alg none', () => `${encode({ alg: 'none' })}.${mine.split('.')[1]}.`],
    [
      'alg none with our kid',
      () => `${encode({ alg: 'none', kid: kid() })}.${mine.split('.')[1]}.`,
    ],
    ['alg None', () => `${encode({ alg: 'None' })}.${mine.split('.')[1]}.${mine.split('.')[2]}`],
    ['no signature', () => `${mine.split('.').slice(0, 2).join('.')}.`],
    ['no alg', () => `${encode({ kid: kid() })}.${mine.split('.')[1]}.${mine.split('.')[2]}`],
    [
      'HS256 with our public key as PEM',
      async () => {
        const key = await importJWK(rsa(), 'RS256', { extractable: true });
        const der = await crypto.subtle.exportKey('spki', key as CryptoKey);
        const body = Buffer.from(der)
          .toString('base64')
          .replace(/(.{64})/g, '$1\n');
        return withSecret(
          'HS256',
          `-----BEGIN PUBLIC KEY-----\n${body}\n-----END PUBLIC KEY-----\n`,
        );
      },
    ],
    ['HS256 with our public key as JWK', () => withSecret('HS256', JSON.stringify(rsa()))],
    ['HS256 with our modulus', () => withSecret('HS256', Buffer.from(rsa().n ?? '', 'base64url'))],
    [
      "HS256 with the client's secret",
      () => withSecret('HS256', 'grafana-secret-that-is-long-enough-0'),
    ],
    ["another's key, our kid", () => sign({ kid: kid() })],
    ["another's key, unknown kid", () => sign({ kid: 'unknown' })],
    ["another's key, no kid", () => sign({})],
    ["another's key by jwk", () => sign({ kid: kid(), jwk: attackerJwk })],
    ["another's key by jku", () => sign({ kid: kid(), jku: 'https://evil.test/jwks' })],
    ["another's key by x5u", () => sign({ kid: kid(), x5u: 'https://evil.test/x5u' })],
    ["another's key by x5c", () => sign({ kid: kid(), x5c: [attackerJwk.n ?? ''] })],
    [
      'an unknown crit',
      () =>
        `${encode({ alg: 'RS256', kid: kid(), crit: ['x'], x: 1 })}.${mine.split('.').slice(1).join('.')}`,
    ],
    [
      'another payload',
      () =>
        `${mine.split('.')[0]}.${encode({ ...claims(), sub: 'userid:2' })}.${mine.split('.')[2]}`,
    ],
    [
      'an issuer of its own',
      () =>
        `${mine.split('.')[0]}.${encode({ ...claims(), iss: 'https://evil.test' })}.${mine.split('.')[2]}`,
    ],
    ['words', () => 'not a token'],
    ['dots', () => '..'],
    ['five parts', () => `${mine}.x.y`],
    ['null as payload', () => `${mine.split('.')[0]}.${encode(null)}.${mine.split('.')[2]}`],
    ['10 kB of dots', () => '.'.repeat(10_000)],
  ];
  test.each(forged)('%s is refused', async (_, forge) => {
    const { authorize, silent, logout } = await answers(await forge());
    for (const answer of [authorize, silent]) {
      expect(answer).toHaveProperty('error', 'invalid_request');
      expect(answer).not.toHaveProperty('code');
    }
    expect(logout).toMatchObject({ status: 400, location: undefined });
    expect(logout.body).not.toContain('<form');
  });

  test('a change of one character, a cut or a suffix is refused (T11)', async () => {
    const query = `client_id=grafana&response_type=code&redirect_uri=${encodeURIComponent(redirectOf('grafana'))}`;
    // each position of the parts' ends, where encodings are loose, and a sample of the rest
    const ends = [
      0,
      1,
      2,
      ...mine.matchAll(/\./g).flatMap(({ index }) => [-2, -1, 0, 1].map((by) => index + by)),
    ];
    const last = [1, 2, 3, 4].map((back) => mine.length - back);
    const other = (at: number, by: string) => mine.slice(0, at) + by + mine.slice(at + 1);
    const changed = [
      ...[...ends, ...last].flatMap((at) => [...'ABghwx-.'].map((by) => other(at, by))),
      ...Array.from({ length: 40 }, (_, step) => {
        const at = Math.floor((mine.length / 40) * step);
        return other(at, mine[at] === 'A' ? 'B' : 'A');
      }),
    ].filter((hint) => hint !== mine);
    const cut = [1, 10, 100, 300].map((length) => mine.slice(0, -length));
    const longer = ['A', '.', '=', ' ', '\n', '\0', '%00'].map((suffix) => mine + suffix);
    for (const hint of [...changed, ...cut, ...longer]) {
      const answer = await new Browser().open(
        `${world.issuer}/authorize?${query}&id_token_hint=${encodeURIComponent(hint)}`,
      );
      expect(parameters(answer), hint).not.toHaveProperty('code');
    }
  });

  test('an honest one is accepted, expired too, from another client of the same person', async () => {
    const good = await answers(mine);
    expect(good.authorize).toHaveProperty('code');
    expect(good.silent).toHaveProperty('code');
    expect(good.logout.status).toBe(200);
    vi.useFakeTimers({ toFake: ['Date'] });
    vi.setSystemTime(Date.now() + 86_400_000);
    expect((await answers(mine)).authorize).toHaveProperty('code');
  });
});
