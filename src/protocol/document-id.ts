import { isAllowedHost } from './allowed-host.ts';

/** Does this client ID name a metadata document? Other IDs never hold a colon (`checkClientId`). */
export const isDocumentId = (id: string): boolean => /^https?:\/\//i.test(id);

const maxLength = 1024;

/**
 * Why a URL can't be a client's ID, worded to follow it; undefined when it can (draft-ietf-oauth-client-id-metadata-document
 * section 3). It is compared as text and printed on pages, so it must have the one spelling that URLs have.
 * @param allowedHosts those that the operator listed, which may use plain HTTP where they are on loopback
 */
export function checkDocumentId(id: string, allowedHosts: readonly string[]): string | undefined {
  if (id.length > maxLength) return `is longer than ${maxLength} characters`;
  const url = URL.parse(id);
  if (!url) return 'is not a URL';
  if (url.protocol === 'http:' && !isAllowedHost(url, allowedHosts)) {
    return 'does not begin with https:';
  }
  if (url.username !== '' || url.password !== '') return 'names a user before "@"';
  if (id.includes('#')) return 'has a fragment';
  // messages name commands with the ID to be pasted into a shell, where these would be more than text
  if (!/^[A-Za-z0-9\-._~:/?=%@+,[\]]*$/.test(id)) {
    return 'has characters other than letters, digits and "-._~:/?=%@+,"';
  }
  // dot segments, white space, backslashes, capitals in the host, a default port, other spellings of addresses
  if (url.href !== id) return 'is not in the normal form of URLs';
  if (/%2e|%2f|%5c|%00/i.test(url.pathname)) return 'has encoded dots or slashes in its path';
  return undefined;
}
