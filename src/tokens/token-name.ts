import { nameOf, shortNameLength } from '../store/family-table.ts';

/** What an opaque token is called where it must not be written down; the store finds what hangs on it by this name. */
export function tokenName(token: string): string {
  return nameOf(token).slice(0, shortNameLength);
}
