import { isLoopback, parseAddress } from '../protocol/address.ts';
import { isTailnetAddress } from './address.ts';

/**
 * Whose share of anything limited a sender at this address takes from, where no StableID says it: the address itself
 * for IPv4, the /64 for IPv6, because whoever has one address of a /64 has them all (RFC 6177 2). Never so for the
 * addresses that Tailscale gives to nodes: all of a tailnet stand in one /64, and each is one node's.
 * @returns e.g. `198.51.100.7`, `2001:db8:1:2::/64`, `fd7a:115c:a1e0::3`; what is no address stays as it is
 */
export function peerShare(address: string): string {
  const canonical = parseAddress(address);
  if (canonical === undefined) return address;
  if (!canonical.includes(':') || isLoopback(canonical) || isTailnetAddress(canonical)) {
    return canonical;
  }
  const [head = '', tail = ''] = canonical.split('::');
  const [before, after] = [head, tail].map((part) => (part === '' ? [] : part.split(':')));
  const left = before ?? [];
  const zeros = Array<string>(8 - left.length - (after ?? []).length).fill('0');
  const network = [...left, ...zeros, ...(after ?? [])].slice(0, 4).join(':');
  return `${parseAddress(`${network}::`) ?? network}/64`;
}
