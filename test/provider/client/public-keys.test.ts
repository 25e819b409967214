import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readPublicKeys } from '../../../src/provider/client/public-keys.ts';

const rsa = (bits: number, exponent = 'AQAB') => {
  const modulus = randomBytes(bits / 8).map((byte, i) => (i === 0 ? byte | 0x80 : byte | 1));
  return { kty: 'RSA', n: Buffer.from(modulus).toString('base64url'), e: exponent };
};
const ed25519 = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });

describe('T14 public keys that strangers name', () => {
  it.each([2048, 3072, 4096, 8192])('may be RSA of %i bits', (bits) => {
    expect(readPublicKeys({ keys: [rsa(bits)] })).toMatchObject({ ok: true });
  });

  it.each([
    ['is small', rsa(1024)],
    ['takes long to verify with', rsa(16_384)],
    ['has a long exponent', rsa(2048, randomBytes(256).toString('base64url'))],
    ['has an exponent of 40 bits', rsa(4096, '_____w8')],
  ])('are left out where one %s', (_, key) => {
    expect(readPublicKeys({ keys: [key] })).toMatchObject({ ok: false });
    expect(readPublicKeys({ keys: [key, ed25519] })).toEqual({ ok: true, keys: [ed25519] });
  });
});
