import { z } from 'zod';
import { readPublicKeys } from '../protocol/public-keys.ts';
import { text } from '../schema/fields.ts';

/** Public keys of an app that signs its assertions (`private_key_jwt`). */

export const jwksSchema = z
  .looseObject(
    { keys: z.array(z.looseObject({})).describe('Public keys (RFC 7517).') },
    { error: 'must be { "keys": [ … ] }' },
  )
  .superRefine((jwks, context) => {
    const read = readPublicKeys(jwks);
    if (!read.ok) context.addIssue({ code: 'custom', message: read.reason });
  })
  .describe('The public keys (JWK Set) of an app with authMethod "private_key_jwt".');

const isLoopbackName = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/u.test(hostname);

const checkKeysUri = (uri: string): string | undefined => {
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  const isPlain = url?.protocol === 'http:' && isLoopbackName(url.hostname);
  if (url === undefined || !(url.protocol === 'https:' || isPlain)) {
    return 'must be an https:// URL, or an http:// one on this machine';
  }
  if (url.username !== '' || url.password !== '' || uri.includes('#')) {
    return 'must have neither a user nor a fragment';
  }
  return url.href === uri ? undefined : `must be in normal form: write "${url.href}"`;
};

export const jwksUriSchema = text(checkKeysUri).describe(
  'Where the app publishes its public keys instead. It may be at a tailnet or private address.',
);
