import { BlockList, isIPv6 } from 'node:net';
import { parseAddress } from '../protocol/address.ts';

/**
 * Which addresses are no public unicast ones, by the IANA special-purpose registries (RFC 6890), and those that
 * clouds gave a meaning inside their machines. IPv6 addresses that carry an IPv4 one are refused whatever it is:
 * a translator or tunnel on the way would take us there.
 */
const classes: readonly (readonly [name: string, prefixes: readonly string[]])[] = [
  ['the unspecified address', ['0.0.0.0/8', '::/128']],
  ['a loopback address', ['127.0.0.0/8', '::1/128']],
  ['a tailnet address', ['fd7a:115c:a1e0::/48']],
  // also every tailnet's, and Alibaba's metadata at 100.100.100.200
  ['a shared (CGNAT, tailnet) address', ['100.64.0.0/10']],
  // Azure's; others' are link-local, unique-local or in 192.0.0.0/24
  ['a cloud metadata address', ['168.63.129.16/32', '169.254.169.254/32', 'fd00:ec2::254/128']],
  ['a link-local address', ['169.254.0.0/16', 'fe80::/10']],
  ['a private address', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7', 'fec0::/10']],
  ['a documentation address', ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24']],
  ['a documentation address', ['2001:db8::/32', '3fff::/20']],
  ['a benchmarking address', ['198.18.0.0/15', '2001:2::/48']],
  ['a multicast address', ['224.0.0.0/4', 'ff00::/8']],
  ['a Teredo address', ['2001::/32']],
  ['a 6to4 address', ['2002::/16', '192.88.99.0/24']],
  ['a NAT64 address', ['64:ff9b::/96', '64:ff9b:1::/48']],
  ['an IPv4-translated address', ['::ffff:0:0:0/96']],
  ['an IPv4-compatible address', ['::/96']],
  ['an address of the AS112 project', ['192.31.196.0/24', '192.175.48.0/24', '2620:4f:8000::/48']],
  ['a reserved address', ['192.0.0.0/24', '192.52.193.0/24', '240.0.0.0/4', '2001::/23']],
];

const lists = classes.map(([name, prefixes]) => ({ name, list: listOf(prefixes) }));
/** All global unicast addresses that IANA gives out are in it; the rest of IPv6 is reserved. */
const globalUnicast = listOf(['2000::/3']);

/** What kind of address this is when it is not a public unicast one (`a private address`). @param ip canonical */
export function specialUse(ip: string): string | undefined {
  const family = isIPv6(ip) ? 'ipv6' : 'ipv4';
  const found = lists.find(({ list }) => list.check(ip, family));
  if (found) return found.name;
  return family === 'ipv6' && !globalUnicast.check(ip, 'ipv6') ? 'a reserved address' : undefined;
}

export interface Interface {
  readonly address: string;
  /** `192.0.2.7/24` */
  readonly cidr: string | null;
}

/**
 * Is this an address of this machine, or of its IPv6 link? Public ones are no less ours: a service that a firewall
 * hides from the internet is open to us.
 * @param ip canonical
 * @param interfaces as `os.networkInterfaces()` lists them
 */
export function isOwnNetwork(ip: string, interfaces: readonly Interface[]): boolean {
  return interfaces.some(({ address, cidr }) => {
    if (parseAddress(address) === ip) return true;
    if (!isIPv6(ip) || cidr === null || Number(cidr.split('/')[1]) < 64) return false;
    return listOf([cidr]).check(ip, 'ipv6');
  });
}

function listOf(prefixes: readonly string[]): BlockList {
  const list = new BlockList();
  for (const prefix of prefixes) {
    const [address = '', length] = prefix.split('/');
    list.addSubnet(address, Number(length), isIPv6(address) ? 'ipv6' : 'ipv4');
  }
  return list;
}
