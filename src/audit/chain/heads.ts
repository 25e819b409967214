import { createPrivateKey, type JsonWebKey, sign } from 'node:crypto';
import { compactVerify, decodeProtectedHeader, type JWK } from 'jose';
import { type StoredKey, StoreError } from '../../store/store.ts';

/** What a signature over the end of the chain vouches for: members of its payload, and columns of its row. */
export interface Head {
  readonly writer: string;
  /** ID of the record with which the chain begins. */
  readonly first: number;
  /** ID of the last record. */
  readonly sequence: number;
  /** That record's hash; null: it is older than the chain. */
  readonly hash: string | null;
  /** When it was signed, epoch seconds. */
  readonly at: number;
}

export interface SignedHead extends Head {
  readonly kid: string;
  /** Compact JWS (RFC 7515) of the head. */
  readonly signature: string;
}

/** Kind of JWS, so that nothing else that we sign can be taken for a head, nor a head for a token (RFC 8725 3.11). */
const type = 'audit-head+jws';

/**
 * Signs at once, so that the head is written in the transaction in which the end of the chain was read.
 * @returns undefined while there is no signing key yet
 */
export function signHead(keys: readonly StoredKey[], head: Head): SignedHead | undefined {
  // the latest stays longest; ES256 is cheap
  const key = keys.findLast(({ algorithm }) => algorithm === 'ES256') ?? keys.at(-1);
  if (!key) return undefined;
  const { writer, first, sequence, hash, at } = head;
  const signed = [
    { alg: key.algorithm, kid: key.id, typ: type },
    { writer, first, sequence, hash, at },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature = sign(key.algorithm === 'EdDSA' ? null : 'sha256', Buffer.from(signed), {
    key: createPrivateKey({ key: jwkOf(key) as JsonWebKey, format: 'jwk' }),
    dsaEncoding: 'ieee-p1363',
  });
  const jws = `${signed}.${signature.toString('base64url')}`;
  return { writer, first, sequence, hash, at, kid: key.id, signature: jws };
}

/** @param keys signing keys */
export async function checkHead(
  keys: readonly StoredKey[],
  row: SignedHead,
): Promise<'sound' | 'unknown key' | 'altered'> {
  try {
    const header = decodeProtectedHeader(row.signature);
    const key = keys.find(({ id }) => id === header.kid);
    if (!key) return 'unknown key';
    const { payload, protectedHeader } = await compactVerify(row.signature, publicOf(jwkOf(key)), {
      algorithms: [key.algorithm],
    });
    const head = JSON.parse(new TextDecoder().decode(payload)) as Head;
    const same =
      protectedHeader.typ === type &&
      row.kid === key.id &&
      head.writer === row.writer &&
      head.first === row.first &&
      head.sequence === row.sequence &&
      head.hash === row.hash &&
      head.at === row.at;
    return same ? 'sound' : 'altered';
  } catch {
    return 'altered';
  }
}

function jwkOf({ id, material }: StoredKey): JWK {
  try {
    return JSON.parse(material) as JWK;
  } catch (cause) {
    throw new StoreError(`the signing key "${id}" in the database can't be read`, { cause });
  }
}

function publicOf({ kty, crv, x, y, n, e, alg, kid }: JWK): JWK {
  const members = { kty, crv, x, y, n, e, alg, kid };
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined),
  ) as JWK;
}
