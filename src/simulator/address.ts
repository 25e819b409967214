import { BlockList, isIPv4 } from 'node:net';
import { parseAddress } from '../protocol/address.ts';

/** The address of `ip`, `ip:port` or `[ip]:port`, as tailscaled's `addr` parameter takes them. */
export function addressOf(text: string): string | undefined {
  const bare = parseAddress(text);
  if (bare) return bare;
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  if (!match || Number(match[3]) > 65_535) return undefined;
  const [, v6, v4] = match;
  if (v4 !== undefined) return isIPv4(v4) ? v4 : undefined;
  return v6 !== undefined && !isIPv4(v6) ? parseAddress(v6) : undefined;
}

/** Tests addresses for being inside; undefined when `text` is not an IP address, CIDR prefix or `from-to` range. */
export function addressRange(text: string): ((address: string) => boolean) | undefined {
  const list = new BlockList();
  try {
    if (!addRange(list, text)) return undefined;
  } catch {
    // BlockList throws on impossible prefix lengths, on mixed families and on ranges that run backwards
    return undefined;
  }
  return (address) => list.check(address, family(address));
}

function addRange(list: BlockList, text: string): boolean {
  const prefix = /^([^/]+)\/(\d{1,3})$/.exec(text);
  if (prefix) {
    const network = parseAddress(prefix[1] ?? '');
    if (network) list.addSubnet(network, Number(prefix[2]), family(network));
    return network !== undefined;
  }
  const [from, to, ...rest] = text.split('-').map(parseAddress);
  if (!from || rest.length > 0) return false;
  if (!text.includes('-')) list.addAddress(from, family(from));
  else if (to) list.addRange(from, to, family(from));
  else return false;
  return true;
}

function family(address: string): 'ipv4' | 'ipv6' {
  return isIPv4(address) ? 'ipv4' : 'ipv6';
}
