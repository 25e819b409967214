import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allowInPolicy } from '../../world/allow.ts';
import { codeFor as plainCode, redirectOf } from '../../world/app.ts';
import {
  attempt,
  type Code,
  call,
  codeFor,
  failure,
  json,
  redeem,
  tokensOf,
} from '../../world/login.ts';
import { clients, startWorld, type World } from '../../world/world.ts';

const declared = 'https://mcp.test/mcp';
const slashed = 'https://slash.test/mcp/';
const [both, bothSlashed] = ['https://both.test/mcp', 'https://both.test/mcp/'];
const scopes = { read_file: 'Read files' };

let world: World;
beforeAll(async () => {
  world = await startWorld({
    clients,
    resources: [declared, slashed, both, bothSlashed].map((uri) => ({ uri, scopes })),
  });
  allowInPolicy(world.simulator, [{ src: ['alice@example.com'], scopes: ['read_file'] }]);
});
afterAll(() => world[Symbol.asyncDispose]());

const redeemed = ({ code, attempt: begun }: Code, more: Record<string, string> = {}) =>
  call(world.issuer, '/token', begun.clientId, {
    grant_type: 'authorization_code',
    code,
    code_verifier: begun.verifier,
    ...more,
  });

describe('a token request without redirect_uri (OAuth 2.1)', () => {
  test.each(['grafana', 'spa'])('%s: PKCE ties the code to its client', async (id) => {
    const browser = world.browser();
    const begun = attempt(world.issuer, id, { redirect_uri: redirectOf(id) });
    const answer = await browser.open(begun.url);
    const code = answer.location?.searchParams.get('code') ?? '';
    expect(failure(await redeemed({ code, attempt: begun }))).toBe('200');
  });

  test('T10 with a wrong verifier, or none where there was PKCE', async () => {
    for (const verifier of ['x'.repeat(43), '']) {
      const code = await codeFor(world.browser(), world.issuer);
      const answer = await redeemed(code, { code_verifier: verifier });
      expect(failure(answer)).toMatch(/^400 invalid_/u);
    }
  });

  test('T07 a code without PKCE still needs it, whatever verifier is sent', async () => {
    for (const more of [
      {},
      { code_verifier: 'x'.repeat(43) },
      { redirect_uri: 'urn:tsidp:omitted' },
    ]) {
      const code = await plainCode(world, 'grafana', redirectOf('grafana'));
      const form = { grant_type: 'authorization_code', code, ...more };
      expect(failure(await call(world.issuer, '/token', 'grafana', form))).toMatch(/^400 /u);
    }
  });

  test('T07 one that is sent must be that of the login', async () => {
    const code = await codeFor(world.browser(), world.issuer);
    const answer = await redeemed(code, { redirect_uri: 'https://grafana.test/cb?tenant=7' });
    expect(failure(answer)).toBe('400 invalid_grant');
  });

  test('T01 nor is another client’s code of any use', async () => {
    const { code, attempt: begun } = await codeFor(world.browser(), world.issuer);
    const answer = await call(world.issuer, '/token', 'post', {
      grant_type: 'authorization_code',
      code,
      code_verifier: begun.verifier,
    });
    expect(failure(answer)).toBe('400 invalid_grant');
  });
});

describe('Basic credentials without a secret', () => {
  const send = async (id: string, more: Record<string, string> = {}) => {
    const code = await codeFor(world.browser(), world.issuer, 'spa');
    const authorization = `Basic ${Buffer.from(`${encodeURIComponent(id)}:`).toString('base64')}`;
    const form = {
      grant_type: 'authorization_code',
      code: code.code,
      code_verifier: code.attempt.verifier,
      redirect_uri: redirectOf('spa'),
      ...more,
    };
    const answer = await world
      .browser('127.0.0.9')
      .open(`${world.issuer}/token`, { form, headers: { authorization } });
    return failure(answer);
  };

  test('name a public client, as client_id does', async () => {
    expect(await send('spa')).toBe('200');
    expect(await send('spa', { client_id: 'spa' })).toBe('200');
  });

  test('T02 prove nothing', async () => {
    expect(await send('grafana')).toMatch(/^40[01] invalid_/u);
    expect(await send('grafana', { client_id: 'spa' })).toMatch(/^40[01] invalid_/u);
    expect(await send('')).toMatch(/^40[01] invalid_/u);
    expect(await send('nobody')).toMatch(/^40[01] invalid_/u);
  });
});

describe('a resource', () => {
  const audienceOf = async (resource: string): Promise<unknown> => {
    const more = { resource, scope: 'openid read_file' };
    const code = await codeFor(world.browser(), world.issuer, 'grafana', more);
    return decodeJwt(tokensOf(await redeem(world.issuer, code)).accessToken).aud;
  };

  test('is the declared one with a slash too many or too few', async () => {
    expect(await audienceOf(`${declared}/`)).toBe(declared);
    expect(await audienceOf(slashed.slice(0, -1))).toBe(slashed);
  });

  test('T45 is itself where both are declared', async () => {
    expect(await audienceOf(both)).toBe(both);
    expect(await audienceOf(bothSlashed)).toBe(bothSlashed);
  });

  test.each([`${declared}//`, `${declared}/x`, `${declared}?/`, 'https://mcp.test/MCP/'])(
    'T45 is no other one: %s',
    async (resource) => {
      const { url } = attempt(world.issuer, 'grafana', { resource, scope: 'openid read_file' });
      const { location } = await world.browser().open(url);
      expect(location?.searchParams.get('error')).toBe('invalid_target');
    },
  );

  test('may be spelled one way at the login and the other at the token', async () => {
    const more = { resource: declared, scope: 'openid read_file' };
    const code = await codeFor(world.browser(), world.issuer, 'grafana', more);
    const redirect = { redirect_uri: redirectOf('grafana'), resource: `${declared}/` };
    const { access_token: token } = json(await redeemed(code, redirect));
    expect(decodeJwt(String(token)).aud).toBe(declared);
  });
});

describe('a nonce', () => {
  test('without openid is for nothing, and ignored', async () => {
    const more = { nonce: 'n', scope: 'email' };
    const code = await codeFor(world.browser(), world.issuer, 'grafana', more);
    expect(tokensOf(await redeem(world.issuer, code)).idToken).toBe('');
  });

  test('with openid, or no scope at all, comes back', async () => {
    for (const scope of ['openid', '']) {
      const code = await codeFor(world.browser(), world.issuer, 'grafana', { nonce: 'n', scope });
      expect(tokensOf(await redeem(world.issuer, code)).claims['nonce']).toBe('n');
    }
  });
});
