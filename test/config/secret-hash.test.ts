import { hash } from '@node-rs/argon2';
import { describe, expect, it } from 'vitest';
import { hashChosen, verifierOfDeclared } from '../../src/clients/secrets.ts';
import { checkChosenSecret } from '../../src/config/client-schema.ts';
import { isSecretHash } from '../../src/config/secret-hash.ts';
import { key, makeChecker, who } from '../clients/secret-checker.ts';

const [salt, long] = ['c2FsdHNhbHRzYWx0', 'a'.repeat(43)];

describe('what an operator pasted as a secret', () => {
  it.each([
    ['a secret', 'correct horse battery staple', undefined],
    ['one with dollars', '$ecret$ecret$ecret', undefined],
    ['argon2id', `$argon2id$v=19$m=19456,t=2,p=1$${salt}$${long}`, undefined],
    [
      'argon2id that takes all memory',
      `$argon2id$v=19$m=4194304,t=2,p=1$${salt}$${long}`,
      /too much/,
    ],
    ['argon2id that never ends', `$argon2id$v=19$m=19456,t=999,p=1$${salt}$${long}`, /too much/],
    ['argon2id, cut', '$argon2id$v=19$m=19456,t=2,p=1$', /argon2 hash/],
    ['argon2i', `$argon2i$v=19$m=19456,t=2,p=1$${salt}$${long}`, /argon2 hash/],
    [
      'pbkdf2, as Authelia has it',
      `$pbkdf2-sha512$310000$c8p78n7pUMln0jzvd4aK4Q$${long}`,
      /pbkdf2/,
    ],
    ['bcrypt', `$2b$12$${'a'.repeat(53)}`, /bcrypt/],
    ['scrypt', `$scrypt$ln=16,r=8,p=1$${salt}$${long}`, /scrypt/],
    ['sha512-crypt', `$6$rounds=5000$saltsalt$${'a'.repeat(86)}`, /crypt hash/],
    ['yescrypt', `$y$j9T$saltsalt$${long}`, /yescrypt/],
  ])('%s', (_, text, reason) => {
    const said = checkChosenSecret(text);
    if (reason === undefined) expect(said).toBeUndefined();
    else expect(said).toMatch(reason);
    // T22
    expect(said ?? '').not.toContain(long);
  });

  it('T16 is checked by its hash, and the hash is no secret itself', async () => {
    const secret = 'a-secret-that-another-program-hashed';
    const pasted = await hash(secret, { memoryCost: 19_456, timeCost: 2, parallelism: 1 });
    expect(isSecretHash(pasted)).toBe(true);
    for (const verifier of [await hashChosen(pasted), verifierOfDeclared(pasted, key)]) {
      const { check } = makeChecker();
      expect(await check(verifier, secret, who)).toBe(true);
      expect(await check(verifier, pasted, who)).toBe(false);
    }
  });
});
