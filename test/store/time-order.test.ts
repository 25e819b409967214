import { createHash, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { digest } from '../../src/store/digest.ts';

/** As `engine/ordered-ids.ts` makes them. */
function madeAt(ms: number): string {
  const time = Buffer.alloc(6);
  time.writeUIntBE(ms, 0, 6);
  return time.toString('base64url') + randomBytes(32).toString('base64url');
}

const sha256 = (value: string): Buffer => createHash('sha256').update(value).digest();

test('digests are in the order of the values’ making', () => {
  const times = [0, 1, 255, 256, 1.7e12, 1.7e12 + 1, 2 ** 41, 2 ** 48 - 1];
  const digests = times.map((ms) => digest(madeAt(ms)));
  expect(digests.toSorted(Buffer.compare)).toEqual(digests);
  expect(digests.map((value) => value.readUIntBE(0, 6))).toEqual(times);
});

test('the rest is the digest of the whole value', () => {
  const value = madeAt(1.7e12);
  expect(digest(value)).toHaveLength(32);
  expect(digest(value).subarray(6)).toEqual(sha256(value).subarray(6));
  const other = madeAt(1.7e12 + 1).slice(0, 8) + value.slice(8);
  expect(digest(other).subarray(6)).not.toEqual(digest(value).subarray(6));
});

test.each([0, 8, 21, 43, 50, 52, 64])('a value of %i symbols has the whole digest', (length) => {
  const value = randomBytes(64).toString('base64url').slice(0, length);
  expect(digest(value)).toEqual(sha256(value));
});

test('what only looks as long has a digest, too', () => {
  const values = [
    '!'.repeat(51),
    'ä'.repeat(51),
    ' '.repeat(51),
    `${'='.repeat(8)}${'a'.repeat(43)}`,
  ];
  expect(new Set(values.map((value) => digest(value).toString('hex'))).size).toBe(values.length);
  for (const value of values) expect(digest(value).subarray(6)).toEqual(sha256(value).subarray(6));
});
