import type { Client, Provider } from 'oidc-provider';
import { isCanonicalJws } from '../protocol/jws.ts';

interface IdTokenModel {
  validate(jwt: string, client: Client): Promise<unknown>;
}

/**
 * Lets only the very text that was issued pass as an `id_token_hint`. oidc-provider decodes base64url leniently:
 * white space, padding and the unused bits of the last character make other texts with the same signature (T11).
 */
export function patchIdTokenHints(provider: Provider): void {
  const { IdToken } = provider as unknown as { IdToken: IdTokenModel };
  const original = IdToken.validate;
  IdToken.validate = async function validate(this: IdTokenModel, jwt, client) {
    if (!isCanonicalJws(jwt)) throw new Error('not the compact serialization of a JWS');
    return original.call(this, jwt, client);
  };
}
