import { expect, test } from 'vitest';
import { findTailscaled } from '../../src/peer/find-tailscaled.ts';

const find = (executable: readonly string[], path?: string, explicit?: string) =>
  findTailscaled({ explicit, path, isExecutable: (file) => executable.includes(file) });

test.each([
  ['the first on PATH', ['/b/tailscaled', '/a/tailscaled'], '/a:/b', '/a/tailscaled'],
  [
    'PATH before the usual places',
    ['/usr/sbin/tailscaled', '/b/tailscaled'],
    '/b',
    '/b/tailscaled',
  ],
  ['a usual place that PATH lacks', ['/usr/sbin/tailscaled'], '/bin', '/usr/sbin/tailscaled'],
  ['without PATH', ['/usr/local/bin/tailscaled'], undefined, '/usr/local/bin/tailscaled'],
])('%s', (_, executable, path, found) => {
  expect(find(executable, path)).toBe(found);
});

test('relative entries of PATH do not count', () => {
  expect(() => find(['./tailscaled', 'bin/tailscaled', 'tailscaled'], '.:bin:')).toThrow(
    /tailscaled is not on this machine.*install Tailscale.*managed: false/u,
  );
});

test('the configured one, or none', () => {
  expect(find(['/x/td', '/usr/sbin/tailscaled'], undefined, '/x/td')).toBe('/x/td');
  expect(() => find(['/usr/sbin/tailscaled'], undefined, '/x/td')).toThrow(/^\/x\/td \(/u);
});
