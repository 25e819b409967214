import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Browser } from '../../world/browser.ts';
import { json } from '../../world/login.ts';
import { startWorld, type World } from '../../world/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld({ registration: { mode: 'tailnet' } });
});
afterAll(() => world[Symbol.asyncDispose]());

const redirects = { redirect_uris: ['https://app.test/cb'] };
const send = (path: string, method: string, body: unknown, headers = {}, from?: string) =>
  new Browser(from).open(`${world.issuer}${path}`, {
    method,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });
const deep = (depth: number) => `${'{"a":['.repeat(depth)}1${']}'.repeat(depth)}`;
const pile = `e${'\u0301\u0327'.repeat(8000)}`;

describe('T37 cut, then authenticate, then parse', () => {
  it('a name is cut before it is composed', async () => {
    const longest: number[] = [];
    const { normalize } = String.prototype;
    const spy = vi.spyOn(String.prototype, 'normalize').mockImplementation(function (
      this: string,
      ...form: []
    ) {
      longest.push(this.length);
      return normalize.apply(this, form);
    });
    try {
      const answer = await send('/register', 'POST', { ...redirects, client_name: pile });
      expect(answer.status).toBe(201);
      expect(String(json(answer)['client_name']).length).toBeLessThanOrEqual(100);
      expect(Math.max(...longest)).toBeLessThanOrEqual(400);
    } finally {
      spy.mockRestore();
    }
  });

  it.each([
    ['none', {}],
    ['a made-up one', { authorization: `Bearer ${'x'.repeat(43)}` }],
    ['one that is no token', { authorization: `Bearer ${'~'.repeat(2000)}` }],
  ])('an update is not parsed without the token of the client: %s', async (_, headers) => {
    const { client_id: id } = json(await send('/register', 'POST', redirects));
    const parse = vi.spyOn(JSON, 'parse');
    try {
      const body = { ...redirects, client_id: id, client_name: pile };
      for (const path of [`/register/${id}`, '/register/x']) {
        const answer = await send(path, 'PUT', body, headers);
        expect([400, 401]).toContain(answer.status);
      }
      const parsed = parse.mock.calls.map(([text]) => String(text));
      expect(parsed.filter((text) => text.includes('redirect_uris'))).toEqual([]);
    } finally {
      parse.mockRestore();
    }
  });

  it('an update with the token is made', async () => {
    const made = json(await send('/register', 'POST', redirects));
    const body = { ...redirects, client_id: made['client_id'], client_name: 'Renamed' };
    const authorization = `Bearer ${made['registration_access_token']}`;
    const answer = await send(`/register/${made['client_id']}`, 'PUT', body, { authorization });
    expect(json(answer)).toMatchObject({ client_name: 'Renamed' });
  });

  it.each([10, 4000, 7000])('a key %i deep is kept without what nobody knows', async (depth) => {
    const key = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
    const jwks = `{"keys":[${JSON.stringify({ ...key, kid: 'k' }).slice(0, -1)},"odd":${deep(depth / 2)}}]}`;
    const answer = await send(
      '/register',
      'POST',
      `{"redirect_uris":["https://app.test/cb"],"token_endpoint_auth_method":"private_key_jwt","jwks":${jwks}}`,
    );
    expect(answer.status).toBe(201);
    expect(json(answer)['jwks']).toEqual({ keys: [{ ...key, kid: 'k' }] });
  });

  it('claims that are asked for are kept as far as they are known', async () => {
    const claims = `{"id_token":{"email":{"essential":true,"odd":${deep(500)}}},"odd":${deep(500)}}`;
    const posted = await new Browser().open(`${world.issuer}/authorize`, {
      form: {
        ...{ client_id: 'spa', redirect_uri: 'https://spa.test/cb', response_type: 'code' },
        ...{ code_challenge: 'c'.repeat(43), code_challenge_method: 'S256', scope: 'openid' },
        claims,
      },
    });
    expect(posted.location?.href ?? posted.body).toMatch(/[?&]code=/u);
  });
});

it.each(['/', '/x/', '/register//', '/authorize/', `/${'a'.repeat(15_000)}/`])(
  'T37 there is nothing at %s but what the table says',
  async (path) => {
    const { status } = await new Browser().open(`${world.issuer}${path}`);
    expect(status).toBe(path === '/' ? 200 : 404);
  },
);

it('T14 proofs of a public client leave so many rows, and no more', async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(publicKey);
  const push = async () => {
    const proof = await new SignJWT({ htm: 'POST', htu: `${world.issuer}/request` })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
      .setJti(randomUUID())
      .setIssuedAt()
      .sign(privateKey);
    const challenge = createHash('sha256').update('v').digest('base64url');
    return new Browser('127.0.0.9').open(`${world.issuer}/request`, {
      form: {
        ...{ client_id: 'spa', redirect_uri: 'https://spa.test/cb', response_type: 'code' },
        ...{ code_challenge: challenge, code_challenge_method: 'S256' },
      },
      headers: { dpop: proof },
    });
  };
  vi.useFakeTimers({ toFake: ['Date'] });
  try {
    for (let count = 0; count < 620; count += 1) {
      const { status } = await push();
      expect(status).toBe(count < 60 ? 201 : 429);
    }
  } finally {
    vi.useRealTimers();
  }
  using database = new DatabaseSync(join(world.directory, 'state', 'tsidp.db'), { readOnly: true });
  const row = database
    .prepare("SELECT count(*) AS rows FROM records WHERE model = 'ReplayDetection'")
    .get();
  expect(row?.['rows']).toBe(600);
}, 60_000);
