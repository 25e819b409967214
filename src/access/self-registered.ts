import type { Client } from 'oidc-provider';
import type { StoredClient } from '../store/store.ts';
import { optionsOf } from './client-settings.ts';

/**
 * Did this client come by itself, by dynamic registration (RFC 7591) or with a client ID metadata document? Then no
 * operator vouches for its name and it is asked about on a page; the clients that an operator entered are not.
 */
export function isSelfRegistered(client: Client): boolean {
  const { source, ...options } = optionsOf(client);
  return cameByItself({ source, options });
}

/** The same of a client as it is stored. `dynamic` marks those that had registered themselves at tsidp. */
export function cameByItself({ source, options }: CameBy): boolean {
  return source === 'dynamic' || source === 'metadata-document' || options.dynamic === true;
}

interface CameBy extends Pick<StoredClient, 'options'> {
  readonly source: StoredClient['source'] | undefined;
}
