import {
  createLocalJWKSet,
  errors,
  type FlattenedJWSInput,
  type JSONWebKeySet,
  type JWTHeaderParameters,
  type JWTVerifyGetKey,
} from 'jose';

import type { IssuerMetadata } from './issuer.ts';
import { askJson, type Outgoing } from './outgoing.ts';
import { issuerAway, Refused } from './refused.ts';
import { type Renewed, renewed } from './renewed.ts';

type LocalKeys = ReturnType<typeof createLocalJWKSet>;
type Key = Awaited<ReturnType<LocalKeys>>;

/**
 * The issuer's keys. A key that left the set is refused after five minutes, 15 at most while the issuer is away. One
 * that is unknown makes us look again, every ten seconds at most: callers choose what stands in a token's header.
 */
export function issuerKeys(
  metadata: Renewed<IssuerMetadata>,
  outgoing: Outgoing,
  clock: () => number,
): JWTVerifyGetKey {
  const keys = renewed<LocalKeys>({
    load: async () => {
      const { jwksUrl } = await metadata.get();
      const document = await askJson(jwksUrl, outgoing);
      return createLocalJWKSet(document as unknown as JSONWebKeySet);
    },
    freshSeconds: 300,
    usableSeconds: 900,
    cooldownSeconds: 10,
    clock,
  });

  return async (header, token) => {
    const known = await asked(keys.get());
    const found = await find(known, header, token);
    if (found) return found;
    const newer = await asked(keys.renew());
    const foundNow = newer === known ? undefined : await find(newer, header, token);
    if (foundNow) return foundNow;
    throw new Refused(
      'invalid_token',
      'The access token is signed with a key that the issuer does not have.',
    );
  };
}

async function find(
  keys: LocalKeys,
  header: JWTHeaderParameters,
  token: FlattenedJWSInput,
): Promise<Key | undefined> {
  try {
    return await keys(header, token);
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return undefined;
    throw error;
  }
}

async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (cause) {
    throw issuerAway(cause);
  }
}
