import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { load, problemsOf } from './load.ts';

const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwks = { keys: [publicKey.export({ format: 'jwk' })] };
const bank = { id: 'bank', redirectUris: ['https://bank.test/cb'] };
const secret = 'a-secret-that-is-long-enough';

describe('the profile fapi2', () => {
  const clientOf = (more: object) => load({ clients: [{ ...bank, jwks, ...more }] }).clients[0];
  const demands = {
    requirePushedAuthorizationRequests: true,
    requirePkce: true,
    dpopBoundAccessTokens: true,
    assertionAudience: 'issuer',
    rotateRefreshTokens: false,
  };

  test('is all its demands', () => {
    expect(clientOf({ profile: 'fapi2' })).toMatchObject({ ...demands, idTokenAlgorithm: 'ES256' });
    expect(clientOf({ profile: 'fapi2', ...demands })).toMatchObject(demands);
    const other = { profile: 'fapi2', idTokenAlgorithm: 'EdDSA' };
    expect(clientOf(other)).toMatchObject({ ...demands, idTokenAlgorithm: 'EdDSA' });
  });

  test('demands nothing of an app without it', () => {
    const client = clientOf({});
    expect(client).toMatchObject({ idTokenAlgorithm: 'RS256' });
    expect(Object.keys(demands).filter((name) => client && name in client)).toEqual([]);
  });

  test.each(Object.entries(demands))('can not stand beside another %s', (member, value) => {
    const other = value === 'issuer' ? 'endpoint' : !value;
    const client = { ...bank, jwks, profile: 'fapi2', [member]: other };
    expect(problemsOf({ clients: [client] })).toEqual([
      expect.stringMatching(`clients\\[0\\]\\.${member}: .* cannot be combined with "profile"`),
    ]);
  });
});

test.each<[string, object, RegExp]>([
  ['a profile without keys', { profile: 'fapi2', secret }, /profile: "fapi2" needs keys/u],
  ['a profile of a public client', { profile: 'fapi2' }, /profile: "fapi2" needs keys/u],
  ['an unknown profile', { profile: 'fapi3' }, /profile: "fapi3" must be one of "fapi2"/u],
  [
    'RS256 with the profile',
    { profile: 'fapi2', jwks, idTokenAlgorithm: 'RS256' },
    /idTokenAlgorithm: "RS256" must be "ES256" or "EdDSA"/u,
  ],
  [
    'codes of the profile that live longer',
    { profile: 'fapi2', jwks, lifetimes: { codeSeconds: 61 } },
    /lifetimes: .* 60 codeSeconds at most/u,
  ],
  [
    'a public client whose refresh tokens are bound to nothing',
    { rotateRefreshTokens: false },
    /rotateRefreshTokens: false must stand with credentials or "dpopBoundAccessTokens"/u,
  ],
  [
    'the same, said',
    { rotateRefreshTokens: false, dpopBoundAccessTokens: false },
    /rotateRefreshTokens: false must stand with/u,
  ],
  ['a public client without PKCE', { requirePkce: false }, /requirePkce: false must not be false/u],
  [
    'an audience of what nobody signs',
    { secret, assertionAudience: 'issuer' },
    /assertionAudience: "issuer" needs keys/u,
  ],
  ['a text for a switch', { requirePkce: 'yes' }, /requirePkce: "yes" must be true or false/u],
])('refused: %s', (_, more, problem) => {
  expect(problemsOf({ clients: [{ ...bank, ...more }] })).toContainEqual(
    expect.stringMatching(problem),
  );
});

test('T03 refresh tokens stay where a key or credentials hold them', () => {
  for (const holding of [{ secret }, { jwks }, { dpopBoundAccessTokens: true }]) {
    const client = { ...bank, ...holding, rotateRefreshTokens: false };
    expect(load({ clients: [client] }).clients[0]).toMatchObject(client);
  }
});
