import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatAddressPort, isTailnetAddress, prefixAddress } from '../../src/peer/address.ts';
import { isLoopback, parseAddress } from '../../src/protocol/address.ts';

describe('parseAddress', () => {
  test.each([
    ['100.64.0.3', '100.64.0.3'],
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
    ['::', '::'],
    ['::ffff:100.64.0.3', '100.64.0.3'],
    ['::FFFF:100.64.0.3', '100.64.0.3'],
    ['::ffff:6440:3', '100.64.0.3'],
    ['0:0:0:0:0:ffff:6440:0003', '100.64.0.3'],
    ['::ffff:127.0.0.1', '127.0.0.1'],
    ['::ffff:100.64.0.3%eth0', '100.64.0.3'],
    ['::ffff:0:0', '0.0.0.0'],
    ['FD7A:115C:A1E0::3', 'fd7a:115c:a1e0::3'],
    ['fd7a:115c:a1e0:0:0:0:0:3', 'fd7a:115c:a1e0::3'],
    ['fd7a:115c:a1e0:0000:0001:0000:0000:0003', 'fd7a:115c:a1e0:0:1::3'],
    ['fe80::1%eth0', 'fe80::1'],
    ['fe80::1%tailscale0.5', 'fe80::1'],
    ['::ffff:0:100.64.0.3', '::ffff:0:6440:3'], // translated (RFC 2765), not mapped
    ['::100.64.0.3', '::6440:3'], // compatible (RFC 4291 2.5.5.1), not mapped
    ['64:ff9b::100.64.0.3', '64:ff9b::6440:3'],
  ])('%s is %s', (text, canonical) => {
    expect(parseAddress(text)).toBe(canonical);
  });

  test.each([
    '',
    ' ',
    'localhost',
    '100.64.0',
    '100.64.0.3.4',
    '100.64.0.256',
    '0100.64.0.3',
    '0x64.64.0.3',
    '1681915907',
    ' 100.64.0.3',
    '100.64.0.3 ',
    '100.64.0.3\n',
    '100.64.0.3:443',
    '100.64.0.3/32',
    '100.64.0.3%eth0',
    '[::1]',
    '::1]',
    ':::1',
    '1::2::3',
    'fe80::1%',
    '::ffff:100.64.0.3, 100.64.0.4',
    '１００.64.0.3',
    '::1@evil.example',
  ])('%j is none', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  test('what it gives is its own canonical form', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        const canonical = parseAddress(text);
        expect(canonical).toBeDefined();
        expect(parseAddress(canonical ?? '')).toBe(canonical);
      }),
    );
  });

  test('never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123456789abf:.%[]@/ ') }), (text) => {
        parseAddress(text);
      }),
    );
  });
});

test.each([
  ['100.64.0.3', 443, '100.64.0.3:443'],
  ['fd7a:115c:a1e0::3', 443, '[fd7a:115c:a1e0::3]:443'],
])('formatAddressPort %s %i', (ip, port, text) => {
  expect(formatAddressPort(ip, port)).toBe(text);
});

test.each([
  ['127.0.0.1', true],
  ['127.255.255.254', true],
  ['::1', true],
  ['126.255.255.255', false],
  ['128.0.0.1', false],
  ['0.0.0.0', false],
  ['::', false],
  ['::2', false],
  ['100.64.0.3', false],
])('isLoopback %s: %s', (ip, loopback) => {
  expect(isLoopback(ip)).toBe(loopback);
});

test.each([
  ['100.64.0.0', true],
  ['100.127.255.255', true],
  ['100.63.255.255', false],
  ['100.128.0.0', false],
  ['100.6.64.64', false],
  ['10.64.0.1', false],
  ['101.64.0.1', false],
  ['127.0.0.1', false],
  ['fd7a:115c:a1e0::', true],
  ['fd7a:115c:a1e0:ab12:4843:cd96:6258:b240', true],
  ['fd7a:115c:a1e1::1', false],
  ['fd7a:115c:a1e::1', false],
  ['fd7a:115c::a1e0:1', false],
  ['::1', false],
])('isTailnetAddress %s: %s', (ip, tailnet) => {
  expect(isTailnetAddress(ip)).toBe(tailnet);
});

test.each([
  ['100.64.0.3/32', '100.64.0.3'],
  ['FD7A:115C:A1E0::3/128', 'fd7a:115c:a1e0::3'],
  ['100.64.0.0/24', undefined],
  ['fd7a:115c:a1e0::/48', undefined],
  ['::ffff:100.64.0.3/32', undefined],
  ['100.64.0.3', undefined],
  ['100.64.0.3/', undefined],
  ['/32', undefined],
  ['junk/32', undefined],
  ['', undefined],
])('prefixAddress %s: %s', (prefix, address) => {
  expect(prefixAddress(prefix)).toBe(address);
});
