import { createHmac } from 'node:crypto';
import { CompactSign } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from '../../world/world.ts';
import {
  claimsFor,
  ecKeys,
  edKeys,
  jwksOf,
  present,
  rsaKeys,
  signed,
  verdictOf,
} from './assertion-app.ts';

const keys = { RS256: rsaKeys(), ES256: ecKeys() };
const redirectUris = ['https://signer.test/cb'];
const es256 = 'signer-ES256';
const clients = [
  { id: 'signer-RS256', redirectUris, jwks: jwksOf(keys.RS256) },
  { id: es256, redirectUris, jwks: jwksOf(keys.ES256) },
  { id: 'secretive', redirectUris, secret: 'a-secret-that-is-long-enough' },
];

describe('T28 algorithms and keys of client assertions', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ clients });
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

  it.each(['none', 'None', 'NONE', ''])('refuses alg %j', async (alg) => {
    const assertion = `${part({ alg })}.${part(claimsFor(world, es256))}.`;
    expect(verdictOf(await present(world, assertion))).toMatch(/^invalid_(client|request)/);
  });

  it.each(['HS256', 'HS384', 'HS512'])(
    'refuses %s with the public key as its secret',
    async (alg) => {
      const { publicKey } = keys.RS256;
      for (const secret of [
        publicKey.export({ type: 'spki', format: 'pem' }),
        publicKey.export({ type: 'spki', format: 'der' }),
        JSON.stringify(publicKey.export({ format: 'jwk' })),
      ]) {
        const text = `${part({ alg })}.${part(claimsFor(world, 'signer-RS256'))}`;
        const mac = createHmac(`sha${alg.slice(2)}`, secret)
          .update(text)
          .digest('base64url');
        expect(verdictOf(await present(world, `${text}.${mac}`))).toMatch(/alg mismatch/);
      }
    },
  );

  it('refuses a secret that signs, where the client has one', async () => {
    const text = `${part({ alg: 'HS256' })}.${part(claimsFor(world, 'secretive'))}`;
    const mac = createHmac('sha256', 'a-secret-that-is-long-enough')
      .update(text)
      .digest('base64url');
    expect(verdictOf(await present(world, `${text}.${mac}`))).toMatch(/^invalid_client/);
  });

  it('refuses keys that come along in the header', async () => {
    const stranger = ecKeys();
    const jwk = stranger.publicKey.export({ format: 'jwk' });
    const headers = [{ jwk }, { jku: 'https://evil.test/jwks' }, { x5u: 'https://evil.test/' }];
    for (const header of [...headers, { kid: '../../dev/null' }]) {
      const assertion = await new CompactSign(Buffer.from(JSON.stringify(claimsFor(world, es256))))
        .setProtectedHeader({ alg: 'ES256', ...header })
        .sign(stranger.privateKey);
      expect(verdictOf(await present(world, assertion))).toMatch(/^invalid_client/);
    }
  });

  it('refuses the key of another client, and of another algorithm', async () => {
    const tries = [
      signed(claimsFor(world, es256), ecKeys(), 'ES256'),
      signed(claimsFor(world, es256), keys.RS256, 'RS256'),
      signed(claimsFor(world, es256), keys.RS256, 'PS256'),
      signed(claimsFor(world, es256), edKeys(), 'EdDSA'),
      signed(claimsFor(world, 'signer-RS256'), keys.ES256, 'ES256'),
    ];
    for (const assertion of await Promise.all(tries)) {
      expect(verdictOf(await present(world, assertion))).toMatch(/^invalid_client/);
    }
  });

  it('T11 refuses every change of an assertion', async () => {
    const assertion = await signed(claimsFor(world, es256), keys.ES256, 'ES256');
    const changed = [
      `${assertion}=`,
      `${assertion}A`,
      `${assertion} `,
      `${assertion}.`,
      assertion.slice(0, -1),
      assertion.replace('.', '..'),
      ...['A', 'B', 'Q', 'g'].map((last) => assertion.slice(0, -1) + last),
    ].filter((text) => text !== assertion);
    for (const text of changed) {
      expect(verdictOf(await present(world, text))).toMatch(/^invalid_(client|request)/);
    }
    expect(verdictOf(await present(world, assertion))).toBe('invalid_grant');
  });
});
