import { describe, expect, test } from 'vitest';
import { LocalApiError } from '../../src/peer/local-api.ts';
import { parseStatus } from '../../src/peer/status.ts';
import { changedStatus as changed } from './changed.ts';
import { recorded } from './recorded.ts';

describe('recorded answers', () => {
  test('running, with TUN', () => {
    expect(parseStatus(recorded('status-running-tun').body)).toEqual({
      version: '1.102.3',
      backendState: 'Running',
      tun: true,
      stableId: '2',
      dnsName: 'idp.tailnet.test',
      addresses: ['100.64.0.2', 'fd7a:115c:a1e0::2'],
      tags: ['tag:idp'],
      online: true,
      magicDnsSuffix: 'tailnet.test',
      certDomains: [],
      attributes: [
        'default-auto-update',
        'https://tailscale.com/cap/file-sharing',
        'https://tailscale.com/cap/is-admin',
        'https://tailscale.com/cap/ssh',
      ],
      health: [
        'Tailscale cannot connect because the network is down. Check your Internet connection.',
      ],
    });
  });

  test('not logged in: much of it is null', () => {
    expect(parseStatus(recorded('status-needs-login').body)).toEqual({
      version: '1.102.3',
      backendState: 'NeedsLogin',
      tun: false,
      stableId: '',
      dnsName: '',
      addresses: [],
      tags: [],
      online: false,
      magicDnsSuffix: '',
      certDomains: [],
      attributes: [],
      health: ['Tailscale is stopped.'],
    });
  });

  test.each([
    ['status-running-userspace', { tun: false, online: true }],
    ['status-running-peers', { tun: false, online: true }],
    ['status-control-unreachable', { tun: true, online: false }],
  ])('%s', (name, expected) => {
    expect(parseStatus(recorded(name).body)).toMatchObject({
      backendState: 'Running',
      dnsName: 'idp.tailnet.test',
      ...expected,
    });
  });
});

test('domains with certificates, and addresses in the one spelling', () => {
  const json = changed({ CertDomains: ['idp.tailnet.test'], TailscaleIPs: ['FD7A:115C:A1E0::2'] });
  expect(parseStatus(json)).toMatchObject({
    certDomains: ['idp.tailnet.test'],
    addresses: ['fd7a:115c:a1e0::2'],
  });
});

test('no state yet: Self may be null', () => {
  const json = changed({ BackendState: 'NoState', Self: null });
  expect(parseStatus(json)).toMatchObject({ backendState: 'NoState', stableId: '' });
});

test.each<[string, string]>([
  ['nothing', ''],
  ['null', 'null'],
  ['a web page', '<!doctype html>'],
  ['cut', recorded('status-running-tun').body.slice(0, 500)],
  ['no BackendState', changed({ BackendState: undefined })],
  ['BackendState a number', changed({ BackendState: 6 })],
  ['TUN a text', changed({ TUN: 'yes' })],
  ['TUN missing', changed({ TUN: undefined })],
  ['Self a text', changed({ Self: 'me' })],
  ['Self.Online a text', changed({ Self: { Online: 'true' } })],
  ['Self.ID a number', changed({ Self: { ID: 2 } })],
  ['TailscaleIPs a text', changed({ TailscaleIPs: '100.64.0.2' })],
  ['TailscaleIPs no addresses', changed({ TailscaleIPs: ['idp'] })],
  ['CertDomains an object', changed({ CertDomains: {} })],
  ['Health a text', changed({ Health: 'fine' })],
])('nonsense: %s', (_name, json) => {
  expect(() => parseStatus(json)).toThrow(LocalApiError);
});
