import { expect, test } from 'vitest';
import { findSocket, type SocketSearch } from '../../src/peer/socket.ts';

const linux = '/var/run/tailscale/tailscaled.sock';
const synology = '/var/packages/Tailscale/var/tailscaled.sock';
const qnap = '/tmp/tailscale/tailscaled.sock';
const qnapMarker = '/etc/config/uLinux.conf';

interface Case extends Partial<Omit<SocketSearch, 'exists'>> {
  readonly existing?: readonly string[];
  readonly expected: string;
}

test.each<[string, Case]>([
  ['linux', { existing: [linux], expected: linux }],
  ['linux, tailscaled not yet started', { expected: linux }],
  ['Synology', { existing: [synology], expected: synology }],
  ['QNAP', { existing: [qnapMarker, qnap], expected: qnap }],
  ['QNAP, tailscaled not yet started', { existing: [qnapMarker], expected: qnap }],
  ['a socket planted in /tmp is not taken', { existing: [qnap], expected: linux }],
  ['macOS', { platform: 'darwin', expected: '/var/run/tailscaled.socket' }],
  [
    'Windows',
    {
      platform: 'win32',
      expected: '\\\\.\\pipe\\ProtectedPrefix\\Administrators\\Tailscale\\tailscaled',
    },
  ],
  ['another system', { platform: 'freebsd', expected: linux }],
  ['TS_SOCKET', { env: { TS_SOCKET: '/c' }, existing: [linux], expected: '/c' }],
  [
    'our own variable first',
    { env: { TS_SOCKET: '/c', TSIDP_TAILSCALED_SOCKET: '/b' }, expected: '/b' },
  ],
  [
    'what the operator said first of all',
    {
      explicit: '/a',
      env: { TS_SOCKET: '/c', TSIDP_TAILSCALED_SOCKET: '/b' },
      existing: [linux],
      expected: '/a',
    },
  ],
  [
    'empty is not said',
    { explicit: '', env: { TS_SOCKET: '', TSIDP_TAILSCALED_SOCKET: '' }, expected: linux },
  ],
])('findSocket: %s', (_name, { platform, explicit, env, existing = [], expected }) => {
  const search = {
    platform: platform ?? 'linux',
    explicit,
    env: env ?? {},
    exists: (path: string) => existing.includes(path),
  };
  expect(findSocket(search)).toBe(expected);
});
