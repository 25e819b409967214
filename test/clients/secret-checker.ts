import { randomBytes } from 'node:crypto';
import { hashSync } from '@node-rs/argon2';
import { createSecretChecker, type SecretCheckerOptions } from '../../src/clients/secrets.ts';

export const key = randomBytes(32);
export const who = { clientId: 'app', peer: '100.64.0.7' };

/** A checker with a clock that only `pass` moves. */
export const makeChecker = (options: Partial<SecretCheckerOptions> = {}) => {
  let now = 1_000_000;
  return {
    ...createSecretChecker({ key, clock: { nowSeconds: () => now }, ...options }),
    pass: (seconds: number) => {
      now += seconds;
    },
  };
};

/** Cheap to verify, so that tables stay quick; the parameters of real ones are tested once. */
export const hashCheaply = (secret: string): string =>
  `argon2id:${hashSync(secret, { memoryCost: 64, timeCost: 1 })}`;
