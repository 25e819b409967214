import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { allowInPolicy } from '../../world/allow.ts';
import { Browser } from '../../world/browser.ts';
import { codeFor, json } from '../../world/login.ts';
import {
  all,
  configuration,
  grafana,
  introspect,
  mcp,
  notes,
  send,
  tokensFor,
} from '../../world/resource-world.ts';
import { clients, startWorld, type World } from '../../world/world.ts';

const redirectUri = clients[0]?.redirectUris[0] ?? '';

describe('resources (RFC 8707)', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld(configuration);
  });
  beforeEach(() => allowInPolicy(world.simulator, all));
  afterAll(() => world[Symbol.asyncDispose]());

  test('RFC 9068: a JWT for the resource alone, with the scopes that were asked for and granted', async () => {
    const { accessToken, scope } = await tokensFor(world, { scope: 'read_file list nonsense' });
    expect(scope).toBe('read_file list');
    const keys = createRemoteJWKSet(new URL(`${world.issuer}/.well-known/jwks.json`));
    const { payload, protectedHeader } = await jwtVerify(accessToken, keys, {
      issuer: world.issuer,
      audience: mcp,
      typ: 'at+jwt',
      algorithms: ['RS256'],
    });
    expect(protectedHeader.kid).toBeTypeOf('string');
    expect(payload).toMatchObject({
      sub: 'userid:1',
      client_id: 'grafana',
      scope: 'read_file list',
      email: 'alice@example.com',
    });
    expect(payload.jti).toBeTypeOf('string');
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(120);
  });

  test.each([
    ['run_code read_file', 'run_code read_file'],
    ['read_file,run_code', 'read_file run_code'],
    ['list', 'list'],
    ['', 'read_file run_code list'],
    ['notes read_file', 'read_file'],
  ])('scope %j gives %j', async (scope, granted) => {
    expect((await tokensFor(world, { scope })).scope).toBe(granted);
  });

  test("the client's own scopes limit it", async () => {
    const browser = new Browser();
    const begun = new URL('/authorize', world.issuer);
    begun.search = new URLSearchParams({
      client_id: 'narrow',
      redirect_uri: 'https://narrow.test/cb',
      response_type: 'code',
      resource: mcp,
      scope: 'read_file run_code',
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
    }).toString();
    const code = (await browser.open(begun)).location?.searchParams.get('code') ?? '';
    const answer = await browser.open(`${world.issuer}/token`, {
      form: {
        grant_type: 'authorization_code',
        client_id: 'narrow',
        code,
        redirect_uri: 'https://narrow.test/cb',
        code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
      },
    });
    expect(json(answer)).toMatchObject({ scope: 'read_file' });
  });

  test('a person without any of the scopes is refused, with the grant that would change it', async () => {
    const answer = codeFor(new Browser('127.0.0.2'), world.issuer, 'grafana', {
      resource: mcp,
      scope: 'read_file',
    });
    await expect(answer).rejects.toThrow('error=access_denied');
    // what needs no grant is there for everybody
    expect((await tokensFor(world, { scope: 'read_file list' }, '127.0.0.2')).scope).toBe('list');
  });

  test.each([
    ['unknown', 'https://nowhere.test/'],
    ['relative', '/mcp'],
    ['with a fragment', `${mcp}#part`],
    ['granted to somebody else', 'https://granted.test/x', '127.0.0.2'],
    ['of another path', `${mcp}/x`],
    ['of another case', 'https://mcp.test/MCP'],
  ])('invalid_target: a resource %s', async (_what, resource, address = '127.0.0.1') => {
    const answer = codeFor(new Browser(address), world.issuer, 'grafana', { resource });
    await expect(answer).rejects.toThrow(/error=invalid_target/);
  });

  test('a hundred resources are refused before anybody is asked about them', async () => {
    const url = new URL('/authorize', world.issuer);
    url.search = new URLSearchParams({
      client_id: 'grafana',
      redirect_uri: redirectUri,
      response_type: 'code',
    }).toString();
    for (let n = 0; n < 100; n += 1) url.searchParams.append('resource', `https://r${n}.test`);
    const answer = await new Browser().open(url);
    expect([answer.status, answer.location]).toEqual([400, undefined]);
    expect(answer.body).toContain('more than 16 resources');
  });

  test('a resource that only a grant names', async () => {
    const { accessToken } = await tokensFor(world, {
      resource: 'https://granted.test/x',
      scope: '',
    });
    expect(decodeJwt(accessToken)).toMatchObject({ aud: 'https://granted.test/x' });
  });

  test('`https://h` and `https://h/` are one, spelled as the operator wrote it', async () => {
    const plain = await tokensFor(world, { resource: `${notes}/`, scope: 'notes' });
    expect(await introspect(world, plain.accessToken, grafana)).toMatchObject({
      aud: notes,
      scope: 'notes',
    });
    const slashed = await tokensFor(world, { resource: 'https://es256.test', scope: 'openid' });
    expect(decodeJwt(slashed.accessToken)).toMatchObject({ aud: 'https://es256.test/' });
  });

  test('several resources at the login: the token request names one', async () => {
    const browser = new Browser();
    const url = new URL('/authorize', world.issuer);
    url.search = new URLSearchParams({
      client_id: 'grafana',
      redirect_uri: redirectUri,
      response_type: 'code',
      scope: 'read_file notes',
    }).toString();
    url.searchParams.append('resource', mcp);
    url.searchParams.append('resource', notes);
    const code = async () => (await browser.open(url)).location?.searchParams.get('code') ?? '';
    const token = async (more: Record<string, string>) =>
      json(
        await send(
          world,
          '/token',
          {
            grant_type: 'authorization_code',
            code: await code(),
            redirect_uri: redirectUri,
            ...more,
          },
          grafana,
        ),
      );
    expect(await token({ resource: mcp })).toMatchObject({ scope: 'read_file' });
    expect(await token({ resource: `${notes}/` })).toMatchObject({ scope: 'notes' });
    expect(await token({})).toMatchObject({ error: 'invalid_target' });
    expect(await token({ resource: 'https://es256.test/' })).toMatchObject({
      error: 'invalid_target',
    });
  });
});
