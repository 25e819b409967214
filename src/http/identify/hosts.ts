import type { IncomingMessage } from 'node:http';
import type { NodeStatus } from '../../peer/status.ts';

/**
 * The host that a request names: its target's when that is a whole URL, else the one in its `Host` header (RFC 9112
 * 3.2.2). Such a target is cut to path and query, because URLs of ours are made from it (T29).
 * @returns undefined when it names none, or more than one (RFC 9112 3.2)
 */
export function takeHost(request: IncomingMessage): string | undefined {
  const { url = '' } = request;
  if (!hasOneHost(request)) return undefined;
  if (url.startsWith('/')) return request.headers.host;
  const target = /^https?:\/\//i.test(url) ? URL.parse(url) : null;
  if (!target) return undefined;
  request.url = target.pathname + target.search;
  return target.host;
}

/** RFC 9112 3.2 */
export function hasOneHost({ rawHeaders }: IncomingMessage): boolean {
  return rawHeaders.filter((name, at) => at % 2 === 0 && /^host$/i.test(name)).length === 1;
}

/**
 * May a request carry this `Host`? Only names and addresses of our own: a web page whose name an attacker points
 * at us (DNS rebinding) still sends its own name, and is turned away (T33). The port is not compared, because it
 * says nothing about who asks; the answer's URLs come from the issuer anyway (T29).
 * @param host the header's value, with or without port
 * @param issuerHost as a URL has it: IPv6 in brackets
 */
export function isOwnHost(
  host: string,
  issuerHost: string,
  status: NodeStatus | undefined,
): boolean {
  const name = hostname(host);
  if (name === undefined) return false;
  if (name === hostname(issuerHost)) return true;
  if (!status) return false;
  return name === status.dnsName.toLowerCase() || status.addresses.includes(name);
}

/** Lower case, without port, brackets and trailing dot; undefined for what is no host. */
export function hostname(host: string): string | undefined {
  if (!/^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?$/i.test(host)) return undefined;
  const name = host.replace(/:\d{1,5}$/, '').replace(/^\[(.*)\]$/, '$1');
  return name.toLowerCase().replace(/\.$/, '');
}
