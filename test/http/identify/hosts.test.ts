import { expect, test } from 'vitest';
import { isOwnHost } from '../../../src/http/identify/hosts.ts';

test.each([
  ['http://[::1]:4400', '[::1]:4400', true],
  ['http://[::1]:4400', '[::2]:4400', false],
  ['https://[fd7a:115c:a1e0::2]', '[fd7a:115c:a1e0::2]', true],
  ['https://idp.example.com', 'IDP.example.com.:443', true],
  ['https://idp.example.com', 'idp.example.com.evil.test', false],
])('T33 before tailscaled has answered, %s is at home at %s: %s', (issuer, host, expected) => {
  expect(isOwnHost(host, new URL(issuer).hostname, undefined)).toBe(expected);
});
