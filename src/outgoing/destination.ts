import { isIP } from 'node:net';
import { isLoopback, parseAddress } from '../protocol/address.ts';
import { isAllowedHost } from '../protocol/allowed-host.ts';
import { type Interface, isOwnNetwork, specialUse } from './address-class.ts';
import { OutgoingError } from './outgoing-error.ts';
import type { Resolve } from './resolve.ts';

/** Where one request goes: the addresses are checked, and the connection takes one of them and no other. */
export interface Destination {
  readonly url: URL;
  /** Canonical, at least one. */
  readonly addresses: readonly string[];
}

export interface DestinationRules {
  /**
   * `host` or `host:port` as a URL has them (`[::1]:8443`): they may be at any address, and those on loopback may be
   * asked by plain HTTP.
   */
  readonly allowedHosts: readonly string[];
  readonly resolve: Resolve;
  readonly interfaces: () => readonly Interface[];
}

/**
 * Checks the URL and every address of its host, at once, so that a name server that changes its answers gains
 * nothing (DNS rebinding).
 * @param trusted the operator registered this very URL
 * @throws OutgoingError `url`, `address`, `unresolved`
 */
export async function findDestination(
  text: string,
  rules: DestinationRules,
  { trusted, signal }: { readonly trusted: boolean; readonly signal: AbortSignal },
): Promise<Destination> {
  const url = checkUrl(text);
  const allowed = trusted || isAllowedHost(url, rules.allowedHosts);
  if (url.protocol === 'http:' && !allowed) throw refuse('url', url, 'must be reached by https:');
  const addresses = await addressesOf(url, rules.resolve, { signal, system: allowed });
  if (url.protocol === 'http:' && !addresses.every(isLoopback)) {
    throw refuse('url', url, 'is not on this machine: plain http: is for loopback hosts only');
  }
  if (!allowed) {
    for (const address of addresses) checkPublic(url, address, rules.interfaces());
  }
  return { url, addresses };
}

function checkUrl(text: string): URL {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new OutgoingError('url', 'is not an https: URL');
  }
  if (url.username !== '' || url.password !== '') {
    throw new OutgoingError('url', 'names a user before "@" in its host part');
  }
  if (url.hostname.endsWith('.')) throw refuse('url', url, 'ends in a dot');
  return url;
}

async function addressesOf(
  url: URL,
  resolve: Resolve,
  how: Parameters<Resolve>[1],
): Promise<readonly string[]> {
  const host = hostOf(url);
  if (isIP(host)) return [parseAddress(host) ?? host];
  // RFC 6761 6.3: it is never asked of DNS
  if (/(?:^|\.)localhost$/.test(host) && !how.system) return ['127.0.0.1'];
  let found: readonly string[];
  try {
    found = await resolve(host, how);
  } catch (cause) {
    throw refuse('unresolved', url, 'was not found', cause);
  }
  how.signal.throwIfAborted();
  const addresses = found.map((address) => parseAddress(address));
  if (addresses.length === 0) throw refuse('unresolved', url, 'has no address');
  if (addresses.length > 32 || addresses.includes(undefined)) {
    throw refuse('address', url, 'has invalid addresses');
  }
  return addresses.filter((address) => address !== undefined);
}

/** The host without the brackets of an IPv6 address; other spellings of IPv4 became dotted when the URL was read. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1');

function checkPublic(url: URL, address: string, interfaces: readonly Interface[]): void {
  const kind =
    specialUse(address) ??
    (isOwnNetwork(address, interfaces) ? 'an address of this machine or its link' : undefined);
  if (kind === undefined) return;
  const cause = new Error(`${address} is ${kind}`);
  throw refuse('address', url, 'is not at a public address', cause);
}

function refuse(
  failure: ConstructorParameters<typeof OutgoingError>[0],
  { host }: URL,
  message: string,
  cause?: unknown,
): OutgoingError {
  return new OutgoingError(failure, `${host} ${message}`, cause === undefined ? {} : { cause });
}
