import { describe, expect, test } from 'vitest';
import { peerShare } from '../../src/peer/peer-share.ts';

describe('peerShare', () => {
  test.each([
    // IPv4 whole, in every spelling
    ['198.51.100.7', '198.51.100.7'],
    ['::ffff:198.51.100.7', '198.51.100.7'],
    ['::ffff:c633:6407', '198.51.100.7'],
    ['127.0.0.1', '127.0.0.1'],
    // IPv6 by /64
    ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2:ffff:ffff:ffff:ffff', '2001:db8:1:2::/64'],
    ['2001:db8:1:2:3:4:5:6%eth0', '2001:db8:1:2::/64'],
    ['2001:db8::5:6:7:8', '2001:db8::/64'],
    ['2001:db8::1:5:6:7:8', '2001:db8:0:1::/64'],
    ['2001:db8:0:0:1::', '2001:db8::/64'],
    ['2001:0:0:1::9', '2001:0:0:1::/64'],
    ['::2:3:4:5:6:7:8', '0:2:3:4::/64'],
    ['1:2:3:4:5:6:7::', '1:2:3:4::/64'],
    ['fe80::1%eth0', 'fe80::/64'],
    ['fd00::1', 'fd00::/64'],
    ['fd7a:115c:a1e1::3', 'fd7a:115c:a1e1::/64'], // one beside Tailscale's
    ['::2', '::/64'],
    ['::1', '::1'],
    // a node's own address is one node's
    ['100.64.0.3', '100.64.0.3'],
    ['100.127.255.254', '100.127.255.254'],
    ['::ffff:100.64.0.3', '100.64.0.3'],
    ['fd7a:115c:a1e0::3', 'fd7a:115c:a1e0::3'],
    ['FD7A:115C:A1E0:0:0:0:0:4', 'fd7a:115c:a1e0::4'],
    ['fd7a:115c:a1e0:ab12:4843:cd96:6258:b240', 'fd7a:115c:a1e0:ab12:4843:cd96:6258:b240'],
    // no address: a name that the caller gave it
    ['unknown', 'unknown'],
    ['admin', 'admin'],
    ['', ''],
  ])('%s takes from the share of %s', (address, share) => {
    expect(peerShare(address)).toBe(share);
  });

  test('a /64 is one share, two nodes of a tailnet are two', () => {
    const subnet = ['2001:db8:1:2::1', '2001:db8:1:2:a:b:c:d', '2001:db8:1:2::ffff'];
    expect(new Set(subnet.map(peerShare)).size).toBe(1);
    const nodes = ['fd7a:115c:a1e0::3', 'fd7a:115c:a1e0::4', '100.64.0.3', '100.64.0.4'];
    expect(new Set(nodes.map(peerShare)).size).toBe(4);
  });
});
