import { hash } from 'node:crypto';

/** Hexadecimal digits. */
export const tokenNameLength = 16;

/** What an opaque token is called where it must not be written down: the beginning of its SHA-256 digest, in hex. */
export function tokenName(token: string): string {
  return hash('sha256', token, 'hex').slice(0, tokenNameLength);
}
