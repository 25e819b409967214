import { isIPv4, isIPv6 } from 'node:net';

/**
 * The one spelling of an IP address that everything after this stage compares.
 * An IPv4-mapped IPv6 address (a dual-stack listener's view of an IPv4 peer) becomes IPv4: tailscaled resolves the
 * mapped form only since 1.102. A zone ID is removed; IPv6 is lower case and compressed (RFC 5952).
 * @returns undefined for anything that is not an IP address
 */
export function parseAddress(text: string): string | undefined {
  if (isIPv4(text)) return text;
  if (!isIPv6(text)) return undefined;
  const zone = text.indexOf('%');
  const { hostname } = new URL(`http://[${zone === -1 ? text : text.slice(0, zone)}]`);
  const canonical = hostname.slice(1, -1);
  return unmapped(canonical) ?? canonical;
}

/** `::ffff:6440:3` → `100.64.0.3` (RFC 4291 2.5.5.2). */
function unmapped(canonical: string): string | undefined {
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (!mapped) return undefined;
  const bytes = [mapped[1], mapped[2]].flatMap((group) => {
    const value = Number.parseInt(group ?? '', 16);
    return [value >> 8, value & 0xff];
  });
  return bytes.join('.');
}

/** 127.0.0.0/8 and ::1. @param ip canonical */
export function isLoopback(ip: string): boolean {
  return ip === '::1' || (ip.startsWith('127.') && isIPv4(ip));
}
