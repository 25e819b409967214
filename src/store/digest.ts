import { createCipheriv, createDecipheriv, hash, randomBytes } from 'node:crypto';
import { orderByTime } from './time-order.ts';

/**
 * SHA-256 of a value that is a credential: what the store keeps instead of it. Where the value begins with its time,
 * so does the digest.
 */
export function digest(value: string): Buffer {
  return orderByTime(hash('sha256', value, 'buffer'), value);
}

const ivBytes = 12;
const tagBytes = 16;

/**
 * Encrypts (AES-256-GCM) what only the holder of `credential` needs to read again, e.g. the session's cookie
 * value inside an interaction. The store keeps the credential's digest, so the database alone does not open it.
 */
export function seal(credential: string, plaintext: string): Buffer {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv('aes-256-gcm', sealKey(credential), iv);
  return Buffer.concat([iv, cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()]);
}

/** Reads what `seal` made. @throws when the credential is another one or the bytes were changed. */
export function unseal(credential: string, sealed: Uint8Array): string {
  const end = sealed.length - tagBytes;
  const decipher = createDecipheriv(
    'aes-256-gcm',
    sealKey(credential),
    sealed.subarray(0, ivBytes),
  );
  decipher.setAuthTag(sealed.subarray(end));
  const plaintext = decipher.update(sealed.subarray(ivBytes, end));
  return Buffer.concat([plaintext, decipher.final()]).toString('utf8');
}

/** Another function of the credential than `digest`, so that the stored digest does not give the key. */
function sealKey(credential: string): Buffer {
  return hash('sha256', `tsidp seal\0${credential}`, 'buffer');
}
