/** Milliseconds since the epoch, big-endian, are eight symbols of base64url. */
const timeBytes = 6;
const timeSymbols = 8;
/** 256 random bits. */
const secretSymbols = 43;

/**
 * Puts the time that such a value begins with (`engine/ordered-ids.ts`) in the place of a digest's first bytes, in
 * place; 208 bits of the digest stay. Digests of random values lie anywhere in an index, so each new row changes a
 * page of its own there. These lie side by side at its end, and what expires goes from its beginning. Values of
 * another length have the whole digest.
 */
export function orderByTime(digest: Buffer, value: string): Buffer {
  if (value.length === timeSymbols + secretSymbols) {
    digest.write(value.slice(0, timeSymbols), 0, timeBytes, 'base64url');
  }
  return digest;
}
