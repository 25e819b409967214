import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type JWTPayload, SignJWT } from 'jose';
import { type Answer, Browser } from '../../world/browser.ts';
import type { World } from '../../world/world.ts';

export const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export const ecKeys = (): KeyPair => generateKeyPairSync('ec', { namedCurve: 'P-256' });
export const rsaKeys = (): KeyPair => generateKeyPairSync('rsa', { modulusLength: 2048 });
export const edKeys = (): KeyPair => generateKeyPairSync('ed25519');

/** A JWK Set of public keys. */
export const jwksOf = (...pairs: readonly KeyPair[]) => ({
  keys: pairs.map(({ publicKey }) => publicKey.export({ format: 'jwk' })),
});

const now = () => Math.floor(Date.now() / 1000);
let made = 0;

/** Claims of a good assertion (OpenID Connect Core 9). */
export const claimsFor = (world: World, id: string, more: JWTPayload = {}): JWTPayload => ({
  iss: id,
  sub: id,
  aud: world.issuer,
  jti: `assertion-${made++}`,
  iat: now(),
  exp: now() + 60,
  ...more,
});

export const signed = (
  claims: JWTPayload,
  { privateKey }: Pick<KeyPair, 'privateKey'>,
  alg: string,
) => new SignJWT(claims).setProtectedHeader({ alg }).sign(privateKey);

/** What `/token` says to this assertion: with a refresh token that nobody has, `invalid_grant` means it was taken. */
export async function present(
  world: World,
  assertion: string,
  form: Record<string, string> = {},
): Promise<Answer> {
  return new Browser('127.0.0.9').open(`${world.issuer}/token`, {
    form: {
      grant_type: 'refresh_token',
      refresh_token: 'nobody-has-this-one',
      client_assertion: assertion,
      client_assertion_type: assertionType,
      ...form,
    },
  });
}

/** `invalid_grant`, or `invalid_client: why`. */
export function verdictOf({ body }: Answer): string {
  const { error, error_description: description } = JSON.parse(body) as Record<string, string>;
  return error === 'invalid_grant' ? error : `${error}: ${description}`;
}
