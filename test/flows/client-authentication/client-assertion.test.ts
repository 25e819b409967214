import * as oidc from 'openid-client';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Browser } from '../../world/browser.ts';
import { startWorld, type World } from '../../world/world.ts';
import { openAgent } from '../documents/document-world.ts';
import {
  assertionType,
  claimsFor,
  ecKeys,
  edKeys,
  jwksOf,
  type KeyPair,
  present,
  rsaKeys,
  signed,
  verdictOf,
} from './assertion-app.ts';

const keys: Record<string, KeyPair> = {
  RS256: rsaKeys(),
  PS256: rsaKeys(),
  ES256: ecKeys(),
  EdDSA: edKeys(),
  Ed25519: edKeys(),
};
const keyOf = (alg: string): KeyPair => keys[alg] ?? ecKeys();
const redirect = 'https://signer.test/cb';
const clients = Object.entries(keys).map(([alg, pair]) => ({
  id: `signer-${alg}`,
  redirectUris: [redirect],
  jwks: jwksOf(pair),
}));

describe('private_key_jwt (RFC 7523)', () => {
  let world: World;
  beforeAll(async () => {
    const secret = {
      id: 'secretive',
      secret: 'a-secret-that-is-long-enough',
      redirectUris: [redirect],
    };
    world = await startWorld({ clients: [...clients, secret] });
  });
  afterAll(() => world[Symbol.asyncDispose]());
  afterEach(() => void vi.useRealTimers());

  it.each(Object.keys(keys))('a whole login and refresh with %s', async (alg) => {
    const { privateKey } = keyOf(alg);
    const format = privateKey.export({ type: 'pkcs8', format: 'der' });
    const algorithms: Record<string, object> = {
      RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
      PS256: { name: 'RSA-PSS', hash: 'SHA-256' },
      ES256: { name: 'ECDSA', namedCurve: 'P-256' },
    };
    const key = await crypto.subtle.importKey(
      'pkcs8',
      format,
      (algorithms[alg] ?? { name: 'Ed25519' }) as never,
      true,
      ['sign'],
    );
    const agent = await openAgent(world, `signer-${alg}`, redirect, oidc.PrivateKeyJwt(key));
    const tokens = await agent.login();
    const refreshed = await oidc.refreshTokenGrant(agent.config, tokens.refresh_token ?? '');
    const active = await oidc.tokenIntrospection(agent.config, refreshed.access_token);
    expect(active.active).toBe(true);
    await oidc.tokenRevocation(agent.config, refreshed.access_token);
    expect((await oidc.tokenIntrospection(agent.config, refreshed.access_token)).active).toBe(
      false,
    );
  });

  it('is in the metadata, with its algorithms', async () => {
    const answer = await new Browser().open(`${world.issuer}/.well-known/openid-configuration`);
    const metadata = JSON.parse(answer.body) as Record<string, unknown>;
    expect(metadata['token_endpoint_auth_signing_alg_values_supported']).toEqual([
      'RS256',
      'PS256',
      'ES256',
      'EdDSA',
      'Ed25519',
    ]);
  });

  const es256 = 'signer-ES256';
  const now = () => Math.floor(Date.now() / 1000);
  const verdict = async (claims: Record<string, unknown>, alg = 'ES256', pair = keyOf(alg)) =>
    verdictOf(await present(world, await signed(claimsFor(world, es256, claims), pair, alg)));

  it('takes an assertion for the issuer or for the endpoint', async () => {
    expect(await verdict({ aud: world.issuer })).toBe('invalid_grant');
    expect(await verdict({ aud: `${world.issuer}/token` })).toBe('invalid_grant');
    expect(await verdict({ aud: [world.issuer] })).toBe('invalid_grant');
  });

  it.each<[string, () => Record<string, unknown>, RegExp]>([
    ['for another server', () => ({ aud: 'https://other.test' }), /aud/],
    ['for nobody', () => ({ aud: undefined }), /aud/],
    ['for a longer name', () => ({ aud: `${world.issuer}.evil.test` }), /aud/],
    ['of another issuer', () => ({ iss: 'signer-RS256' }), /iss/],
    ['without an issuer', () => ({ iss: undefined }), /iss/],
    ['without an end', () => ({ exp: undefined }), /expiration/],
    ['without a name', () => ({ jti: undefined }), /jti/],
    ['that ended', () => ({ exp: now() - 31 }), /expired/],
    ['that begins later', () => ({ nbf: now() + 60 }), /not active/],
    ['that is issued later', () => ({ iat: now() + 60 }), /future/],
    ['that lives for two hours', () => ({ exp: now() + 7200 }), /hour/],
    ['that lives forever', () => ({ exp: 1e15 }), /hour/],
    ['whose end is text', () => ({ exp: '9999999999' }), /./],
  ])('refuses an assertion %s', async (_name, claims, words) => {
    const said = await verdict(claims());
    expect(said).toMatch(/^invalid_client: /);
    expect(said).toMatch(words);
  });

  it('allows for clocks that are half a minute off', async () => {
    expect(await verdict({ exp: now() - 15 })).toBe('invalid_grant');
    expect(await verdict({ nbf: now() + 25, iat: now() + 25 })).toBe('invalid_grant');
  });

  it('T14 takes times with fractions (RFC 7519 section 2), once, and fails nobody else by them', async () => {
    const times = { exp: now() + 60.5, iat: now() - 0.5 };
    const assertion = await signed(claimsFor(world, es256, times), keyOf('ES256'), 'ES256');
    const others = ['RS256', 'PS256', 'EdDSA'].map((alg) =>
      signed(claimsFor(world, `signer-${alg}`), keyOf(alg), alg),
    );
    const assertions = [assertion, ...(await Promise.all(others))];
    const answers = await Promise.all(assertions.map((one) => present(world, one)));
    expect(answers.map(verdictOf)).toEqual(assertions.map(() => 'invalid_grant'));
    expect(verdictOf(await present(world, assertion))).toMatch(/once|used before/);
  });

  it('does not lend that minute to what we issue ourselves', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const { privateKey } = keyOf('ES256');
    const agent = await openAgent(world, es256, redirect);
    const visited = await agent.visit(new Browser());
    vi.setSystemTime(Date.now() + 61_000);
    const answer = await present(
      world,
      await signed(claimsFor(world, es256), { privateKey }, 'ES256'),
      {
        grant_type: 'authorization_code',
        code: visited.answer.location?.searchParams.get('code') ?? '',
        code_verifier: visited.checks.pkceCodeVerifier ?? '',
        redirect_uri: redirect,
      },
    );
    expect(JSON.parse(answer.body)).toMatchObject({
      error: 'invalid_grant',
      error_description: 'authorization code is expired',
    });
  });

  it('takes an assertion once, also of many at the same time and after a restart', async () => {
    const assertion = await signed(claimsFor(world, es256), keyOf('ES256'), 'ES256');
    const answers = await Promise.all(Array.from({ length: 8 }, () => present(world, assertion)));
    const verdicts = answers.map(verdictOf);
    expect(verdicts.filter((one) => one === 'invalid_grant')).toHaveLength(1);
    await world.restart();
    expect(verdictOf(await present(world, assertion))).toMatch(/once|used before/);
  });

  it('T02 demands it at every grant type, and nothing less', async () => {
    const agent = await openAgent(
      world,
      es256,
      redirect,
      oidc.PrivateKeyJwt(
        await crypto.subtle.importKey(
          'pkcs8',
          keyOf('ES256').privateKey.export({ type: 'pkcs8', format: 'der' }),
          { name: 'ECDSA', namedCurve: 'P-256' },
          true,
          ['sign'],
        ),
      ),
    );
    const tokens = await agent.login();
    const form = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? '' };
    const other = await signed(claimsFor(world, 'signer-RS256'), keyOf('RS256'), 'RS256');
    const tries: Record<string, string>[] = [
      { ...form, client_id: es256 },
      { ...form, client_id: es256, client_secret: 'secret' },
      { ...form, client_id: es256, client_assertion: other, client_assertion_type: assertionType },
      { ...form, client_assertion: 'a.b.c', client_assertion_type: assertionType },
    ];
    for (const one of tries) {
      const answer = await new Browser().open(`${world.issuer}/token`, { form: one });
      expect([400, 401]).toContain(answer.status);
      expect(JSON.parse(answer.body)['error']).toMatch(/^invalid_(?:client|request)$/);
    }
    // none of it revoked the victim's
    expect(
      (await oidc.refreshTokenGrant(agent.config, tokens.refresh_token ?? '')).access_token,
    ).toBeDefined();
  });
});
