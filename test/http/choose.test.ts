import { describe, expect, it } from 'vitest';
import type { AutoListen } from '../../src/config/listen.ts';
import { chooseListener, issuerOf, issuerRemarks } from '../../src/http/choose.ts';

const auto: AutoListen = {
  type: 'auto',
  port: 443,
  plainHttp: false,
  funnel: false,
  certificateFile: undefined,
  keyFile: undefined,
  addresses: undefined,
};
const plain = { plainHttp: true, port: 80 };
const files = { certificateFile: '/c.pem', keyFile: '/k.pem' };
const tun = { tun: true, certDomains: ['idp.tailnet.test'] };
const tunPlain = { tun: true, certDomains: [] };
const noTun = { tun: false, certDomains: ['idp.tailnet.test'] };
const noTunPlain = { tun: false, certDomains: [] };

describe('the listener that fits tailscaled', () => {
  it.each([
    ['TUN and certificates', tun, {}, { type: 'tailnet', port: 443, plainHttp: false }],
    ['TUN, told plain HTTP', tunPlain, plain, { type: 'tailnet', port: 80, plainHttp: true }],
    ['TUN and certificate files', tunPlain, files, { type: 'tailnet', ...files }],
    ['TUN and another port', tun, { port: 8443 }, { type: 'tailnet', port: 8443 }],
    ['TUN, told Funnel', tun, { funnel: true }, { type: 'serve', funnel: true, port: 443 }],
    ['no TUN', noTun, {}, { type: 'serve', port: 443, plainHttp: false, funnel: false }],
    ['no TUN, told plain HTTP', noTunPlain, plain, { type: 'serve', port: 80, plainHttp: true }],
    ['no TUN, told Funnel', noTun, { funnel: true }, { type: 'serve', funnel: true }],
    ['no TUN and certificate files', noTunPlain, files, { type: 'userspace', ...files }],
    [
      'no TUN, told addresses',
      noTun,
      { addresses: ['127.0.0.9'] },
      { type: 'tailnet', addresses: ['127.0.0.9'] },
    ],
  ])('%s', (_, node, given, expected) => {
    const { listen, why } = chooseListener({ ...auto, ...given }, node);
    expect(listen).toMatchObject(expected);
    expect(why).toContain(`port ${listen.port}`);
  });

  it.each([
    ['with TUN', tunPlain],
    ['without', noTunPlain],
  ])('says what to do where there are no certificates: %s', (_, node) => {
    expect(() => chooseListener(auto, node)).toThrow(
      /DNS page.*listen\.certificateFile.*--plain-http/,
    );
  });
});

describe('the issuer', () => {
  const node = { dnsName: 'idp.tailnet.test', addresses: ['100.64.0.2', 'fd7a:115c:a1e0::2'] };
  const tailnet = { ...auto, type: 'tailnet', trustedProxies: [] } as const;

  it.each([
    [{}, 'https://idp.tailnet.test'],
    [{ port: 8443 }, 'https://idp.tailnet.test:8443'],
    [plain, 'http://idp.tailnet.test'],
    [{ plainHttp: true, port: 443 }, 'http://idp.tailnet.test:443'],
  ])('is the name of the node: %o', (given, expected) => {
    expect(issuerOf({ ...tailnet, ...given }, node)).toBe(expected);
  });

  it.each([
    ['https://idp.tailnet.test', []],
    ['https://100.64.0.2', []],
    ['https://[fd7a:115c:a1e0::2]', []],
    ['https://login.example.com', [/login\.example\.com is not this node's name.*reverse proxy/]],
    ['https://idp.tailnet.test:8443', [/port 8443, the listener has port 443/]],
    ['https://login.example.com:8443', [/not this node's name/, /port 8443/]],
  ])('as configured is compared with what peers reach: %s', (issuer, expected) => {
    const remarks = issuerRemarks(issuer, tailnet, node);
    expect(remarks).toEqual(expected.map((remark) => expect.stringMatching(remark)));
  });
});
