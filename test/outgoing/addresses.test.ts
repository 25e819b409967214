import { describe, expect, it } from 'vitest';
import { isOwnNetwork, specialUse } from '../../src/outgoing/address-class.ts';
import { createOutgoingFetch } from '../../src/outgoing/fetch.ts';
import { OutgoingError } from '../../src/outgoing/outgoing-error.ts';
import { parseAddress } from '../../src/protocol/address.ts';

/** The first, the last and one in the middle of every range that is not public. */
const special: Readonly<Record<string, readonly string[]>> = {
  unspecified: ['0.0.0.0', '0.1.2.3', '0.255.255.255', '::'],
  loopback: ['127.0.0.1', '127.255.255.255', '127.1.2.3', '::1'],
  private: ['10.0.0.0', '10.255.255.255', '172.16.0.0', '172.31.255.255', '192.168.0.0'],
  'private, end': ['192.168.255.255', 'fc00::', 'fdff:ffff::1', 'fec0::1', 'feff::1'],
  'tailnet and CGNAT': ['100.64.0.0', '100.100.100.100', '100.127.255.255', 'fd7a:115c:a1e0::3'],
  'link-local': ['169.254.0.0', '169.254.255.255', 'fe80::1', 'febf:ffff::1'],
  'cloud metadata': ['169.254.169.254', '100.100.100.200', '192.0.0.192', '168.63.129.16'],
  'cloud metadata, IPv6': ['fd00:ec2::254', 'fd20:ce::254'],
  documentation: ['192.0.2.1', '198.51.100.255', '203.0.113.0', '2001:db8::1', '3fff:fff::1'],
  benchmarking: ['198.18.0.0', '198.19.255.255', '2001:2::1'],
  multicast: ['224.0.0.1', '239.255.255.255', 'ff02::1'],
  reserved: ['240.0.0.0', '255.255.255.255', '192.0.0.1', '100::1', '4000::1', '5f00::1', '8000::'],
  'AS112, AMT': ['192.31.196.1', '192.52.193.1', '192.175.48.1', '2620:4f:8000::1'],
  'IPv4-mapped': [
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    '::FFFF:6440:1',
    '0:0:0:0:0:ffff:a9fe:a9fe',
  ],
  'IPv4-compatible': ['::127.0.0.1', '::8.8.8.8', '::2'],
  'IPv4-translated': ['::ffff:0:127.0.0.1', '::ffff:0:8.8.8.8'],
  NAT64: ['64:ff9b::10.0.0.1', '64:ff9b::8.8.8.8', '64:ff9b:1::1'],
  '6to4': ['2002:7f00:1::', '2002:808:808::1', '192.88.99.1'],
  Teredo: ['2001::1', '2001:0:4136:e378:8000:63bf:3fff:fdd2'],
  'IETF assignments': ['2001:1::1', '2001:10::1', '2001:20::1', '2001:1ff::1'],
};

const open = [
  ...['1.0.0.0', '8.8.8.8', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0'],
  ...['126.255.255.255', '128.0.0.0', '169.253.255.255', '169.255.0.0', '172.15.255.255'],
  ...['172.32.0.0', '192.0.1.0', '192.0.3.0', '192.167.255.255', '192.169.0.0', '198.17.255.255'],
  ...['198.20.0.0', '203.0.112.255', '203.0.114.0', '223.255.255.255', '::ffff:8.8.8.8'],
  ...['2001:200::1', '2001:4860:4860::8888', '2606:4700::1', '2a00:1450::1', '2003::1', '3ffe::1'],
];

const refusing = (
  resolve: () => Promise<readonly string[]>,
  interfaces: { address: string; cidr: string }[] = [],
) => createOutgoingFetch({ allowedHosts: [], resolve, interfaces: () => interfaces });

/** What a fetch that must never connect failed with. */
async function failureOf(url: string, addresses: readonly string[] = []): Promise<unknown> {
  const error: unknown = await refusing(async () => addresses)(url).catch((caught) => caught);
  return error instanceof OutgoingError ? error.failure : error;
}

describe('T18 addresses', () => {
  for (const [name, addresses] of Object.entries(special)) {
    it.each(addresses)(`refuses ${name}: %s`, async (address) => {
      const canonical = parseAddress(address) ?? '';
      expect(specialUse(canonical)).toBeDefined();
      expect(await failureOf('https://rebound.example/doc', [address])).toBe('address');
      const host = address.includes(':') ? `[${address}]` : address;
      expect(await failureOf(`https://${host}/doc`)).toBe('address');
    });
  }

  it.each(open)('takes %s for public', (address) => {
    expect(specialUse(parseAddress(address) ?? '')).toBeUndefined();
  });

  it('refuses a name when one of its addresses is not public', async () => {
    expect(await failureOf('https://mixed.example/', ['8.8.8.8', '10.0.0.1'])).toBe('address');
    expect(await failureOf('https://mixed.example/', ['::1', '2606:4700::1'])).toBe('address');
  });

  it.each([
    ...['2130706433', '0x7f000001', '0x7f.1', '0177.0.0.1', '017700000001', '127.1', '127.0.1'],
    ...['0x7f.0x0.0x0.0x1', '1７2.16.0.1', '①②⑦.0.0.1', '127。0。0。1', '%31%32%37.0.0.1', '0'],
    ...[
      'localhost',
      'LOCALHOST',
      'idp.localhost',
      '[::ffff:7f00:1]',
      '[0:0:0:0:0:0:0:1]',
      '[::ffff:127.0.0.1]',
      '[::127.0.0.1]',
      '3232235777',
    ],
  ])('refuses the spelling %s of a private address', async (host) => {
    expect(await failureOf(`https://${host}/doc`)).toBe('address');
  });

  it.each([
    ...['https://[fe80::1%25eth0]/', 'https://[fe80::1%eth0]/', 'https://[::1]x/'],
    ...['http://8.8.8.8/', 'http://public.example/', 'ftp://public.example/', 'file:///etc/passwd'],
    ...[
      'https://user@public.example/',
      'https://user:pw@public.example/',
      'https://public.example./',
    ],
    ...['data:application/json,{}', 'javascript:0', '//public.example/', 'public.example', ''],
    ...['https:///', 'https://', 'https://256.1.1.1/', 'https://a b/', 'unix:/run/docker.sock'],
  ])('refuses the URL %s', async (url) => {
    expect(['url', 'address']).toContain(await failureOf(url, ['127.0.0.1']));
  });

  it('refuses public addresses of this machine and of its own IPv6 link', async () => {
    const own = [
      { address: '93.184.216.34', cidr: '93.184.216.34/24' },
      { address: '2a00:1450:1:2::5', cidr: '2a00:1450:1:2::5/64' },
    ];
    expect(isOwnNetwork('93.184.216.34', own)).toBe(true);
    expect(isOwnNetwork('93.184.216.35', own)).toBe(false);
    expect(isOwnNetwork('2a00:1450:1:2::99', own)).toBe(true);
    expect(isOwnNetwork('2a00:1450:1:3::99', own)).toBe(false);
    const fetch = refusing(async () => ['2a00:1450:1:2::99'], own);
    await expect(fetch('https://neighbour.example/')).rejects.toMatchObject({ failure: 'address' });
  });

  it('tells nobody what a private name resolves to', async () => {
    const error: unknown = await refusing(async () => ['10.7.7.7'])(
      'https://secret.example/',
    ).catch((caught) => caught);
    expect(error).toMatchObject({ message: 'secret.example is not at a public address' });
    expect(String(error)).not.toContain('10.7.7.7');
  });

  it.each([[[]], [['not an address']], [Array.from({ length: 33 }, () => '8.8.8.8')]])(
    'refuses a name that resolves to %j',
    async (addresses) => {
      expect(['unresolved', 'address']).toContain(
        await failureOf('https://odd.example/', addresses),
      );
    },
  );
});
