import { parseAddress } from '../protocol/address.ts';

/** `100.64.0.3:443`, `[fd7a:115c:a1e0::3]:443`. @param ip canonical */
export function formatAddressPort(ip: string, port: number): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}

/** One of the addresses that Tailscale gives to nodes: 100.64.0.0/10, fd7a:115c:a1e0::/48. @param ip canonical */
export function isTailnetAddress(ip: string): boolean {
  if (ip.includes(':')) return ip.startsWith('fd7a:115c:a1e0:');
  if (!ip.startsWith('100.')) return false;
  const second = Number(ip.slice(4, ip.indexOf('.', 4)));
  return second >= 64 && second <= 127;
}

/**
 * `100.64.0.3/32` → `100.64.0.3`, canonical.
 * @returns undefined for a prefix that covers more than one address, and for anything that is no prefix
 */
export function prefixAddress(prefix: string): string | undefined {
  const slash = prefix.indexOf('/');
  const address = prefix.slice(0, slash);
  const single = address.includes(':') ? '/128' : '/32';
  if (slash === -1 || prefix.slice(slash) !== single) return undefined;
  return parseAddress(address);
}
