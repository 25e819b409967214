import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { type CryptoKey, importJWK, SignJWT } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ProviderKeys } from '../../src/tokens/keys.ts';
import { createJwtReader } from '../../src/tokens/own-jwt.ts';

const issuer = 'https://idp.test';
const now = 1_800_000_000;
const keyOf = (alg: 'RS256' | 'ES256', kid: string) => {
  const { privateKey } =
    alg === 'RS256'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...(privateKey.export({ format: 'jwk' }) as JsonWebKey), alg, kid };
};
const keys = [keyOf('RS256', 'r'), keyOf('ES256', 'e')] as const;
const read = createJwtReader({ signing: keys } as unknown as ProviderKeys, issuer, {
  nowSeconds: () => now,
} as never);

const sign = async (
  [{ alg, kid, ...jwk }, headerKid = kid]: readonly [(typeof keys)[number], string?],
  claims: Record<string, unknown> = {},
) =>
  new SignJWT({ iss: issuer, iat: now, ...claims })
    .setProtectedHeader({ alg, kid: headerKid, typ: 'at+jwt' })
    .sign((await importJWK(jwk as never, alg)) as CryptoKey);

describe('our own JWTs', () => {
  let jwt: string;
  beforeAll(async () => {
    jwt = await sign([keys[1]]);
  });

  test('T11 every change of one character, every cut and suffix is refused', async () => {
    expect(await read(jwt)).toMatchObject({ type: 'at+jwt' });
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const others: string[] = [`${jwt}=`, ` ${jwt}`, `${jwt}\n`, `${jwt}.`, jwt.replaceAll('.', '')];
    for (let at = 0; at < jwt.length; at += 1) {
      const index = alphabet.indexOf(jwt[at] ?? '');
      const neighbour = index === -1 ? 'A' : alphabet[index ^ 1];
      others.push(`${jwt.slice(0, at)}${neighbour}${jwt.slice(at + 1)}`);
      others.push(`${jwt.slice(0, at)} ${jwt.slice(at)}`, jwt.slice(0, at));
    }
    const found = await Promise.all(others.map(read));
    expect(found.filter((one) => one !== undefined)).toEqual([]);
  });

  test('T28 a key of another algorithm, or by another name, verifies nothing', async () => {
    expect(await read(await sign([keys[0]]))).toBeDefined();
    expect(await read(await sign([keys[1], 'r']))).toBeUndefined();
    expect(await read(await sign([keys[0], 'unknown']))).toBeUndefined();
    expect(await read(await sign([keyOf('RS256', 'r')]))).toBeUndefined();
  });

  test.each([
    [{ iat: now + 60 }, true],
    [{ iat: now + 61 }, false],
    [{ nbf: now + 60 }, true],
    [{ nbf: now + 61 }, false],
    [{ iat: undefined }, false],
    [{ iss: 'https://idp.test/' }, false],
    [{ iss: undefined }, false],
    [{ exp: now - 1 }, true],
  ])('%j is read: %s (whether it has expired is for others to ask)', async (claims, isRead) => {
    expect((await read(await sign([keys[1]], claims))) !== undefined).toBe(isRead);
  });
});
