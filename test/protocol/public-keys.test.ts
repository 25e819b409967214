import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readPublicKeys, withKnownKeys } from '../../src/protocol/public-keys.ts';

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

const deep = (depth: number): unknown =>
  JSON.parse(`${'{"a":['.repeat(depth)}1${']}'.repeat(depth)}`);

describe('T37 of a key only what the RFCs define is kept', () => {
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });
  const known = { alg: 'ES256', use: 'sig', kid: 'one', key_ops: ['verify'] };

  it.each([1, 1000, 100_000])('whatever stands beside it, %i deep', (depth) => {
    const more = { x5c: ['x'.repeat(10_000)], tsidp_approved: true, odd: deep(depth) };
    const jwks = { keys: [{ ...ec, ...known, ...more }], odd: deep(depth) };
    expect(readPublicKeys(jwks)).toEqual({ ok: true, keys: [{ ...ec, ...known }] });
    const client = withKnownKeys({ client_name: 'App', jwks });
    expect(client).toEqual({ client_name: 'App', jwks: { keys: [{ ...ec, ...known }] } });
  });

  it('in the one spelling of its numbers', () => {
    const padded = { ...ec, x: `${ec.x}==`, y: `${ec.y} \n` };
    expect(readPublicKeys({ keys: [padded] })).toEqual({ ok: true, keys: [ec] });
  });

  it.each([
    ['kid', { kid: 'x'.repeat(513) }],
    ['alg', { alg: { odd: deep(10_000) } }],
    ['use', { use: 'x'.repeat(33) }],
    ['key_ops', { key_ops: deep(10_000) }],
    ['key_ops', { key_ops: Array(9).fill('verify') }],
    ['key_ops', { key_ops: [deep(10_000)] }],
    ['x', { x: 'x'.repeat(1_000_000) }],
    ['y', { y: deep(10_000) }],
  ])('one with an absurd %s is left out', (_name, member) => {
    expect(readPublicKeys({ keys: [{ ...ec, ...member }] })).toMatchObject({ ok: false });
  });
});
