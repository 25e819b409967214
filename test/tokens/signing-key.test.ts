import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { compactVerify, type JWK } from 'jose';
import { describe, expect, test } from 'vitest';
import type { Algorithm } from '../../src/tokens/keys.ts';
import { SigningKey } from '../../src/tokens/signing-key.ts';

const pairs = {
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
};

const newKey = (alg: Algorithm): JWK & { kid: string; alg: Algorithm } => ({
  ...(pairs[alg]().privateKey.export({ format: 'jwk' }) as JWK),
  kid: `my-${alg}`,
  alg,
});

const encoded = (text: string): string => Buffer.from(text).toString('base64url');

describe.each(['RS256', 'ES256', 'EdDSA'] as const)('%s', (alg) => {
  const jwk = newKey(alg);
  const key = new SigningKey(jwk);

  test('signs so that others can verify', async () => {
    // of ECDSA's numbers one in 128 is shorter than 32 bytes
    for (let count = 0; count < (alg === 'ES256' ? 1000 : 3); count += 1) {
      const input = `${encoded(JSON.stringify({ alg }))}.${encoded(`payload ${count}`)}`;
      const signature = await key.sign(Buffer.from(input));
      const token = `${input}.${Buffer.from(signature).toString('base64url')}`;
      const { payload } = await compactVerify(token, key.keyObject());
      expect(Buffer.from(payload).toString()).toBe(`payload ${count}`);
    }
  });

  test('shows its public members and none else', () => {
    const { n, e, x, y, crv, kty } = jwk;
    expect(key).toMatchObject({ kid: `my-${alg}`, alg, use: 'sig', kty });
    expect([key.n, key.e, key.x, key.y, key.crv]).toEqual([n, e, x, y, crv]);
    expect(key.keyObject().type).toBe('public');
    const shown: JsonWebKey = key.keyObject().export({ format: 'jwk' });
    for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi'] as const) {
      expect(shown[name]).toBeUndefined();
    }
    expect(JSON.stringify(key)).not.toContain(jwk.d);
  });
});
