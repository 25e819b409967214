import type { Client } from 'oidc-provider';

/**
 * Did this client come by itself, by dynamic registration (RFC 7591) or with a client ID metadata document? Then no
 * operator vouches for its name and it is asked about on a page; the clients that an operator entered are not.
 */
export function isSelfRegistered(client: Client): boolean {
  return cameByItself(client['tsidp_source'], client);
}

/** The same of a client as it is stored. `tsidp_dynamic` marks those that had registered themselves at tsidp. */
export function cameByItself(source: unknown, metadata: object): boolean {
  const { tsidp_dynamic: dynamic }: { readonly tsidp_dynamic?: unknown } = metadata;
  return source === 'dynamic' || source === 'metadata-document' || dynamic === true;
}
