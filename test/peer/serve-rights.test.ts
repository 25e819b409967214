import { expect, test } from 'vitest';
import { serveProblem } from '../../src/peer/serve-rights.ts';

const ports = (list: string) => `https://tailscale.com/cap/funnel-ports?ports=${list}`;
const certDomains = ['idp.tailnet.test'];
const full = { certDomains, attributes: ['funnel', 'https', ports('443,8443,10000')] };
const serve = { port: 443, plainHttp: false, funnel: false };
const funnel = { ...serve, funnel: true };

test.each([
  ['HTTPS', full, serve],
  ['HTTPS without Funnel', { certDomains, attributes: [] }, serve],
  [
    'plain HTTP in a tailnet without certificates',
    { certDomains: [], attributes: [] },
    { ...serve, port: 80, plainHttp: true },
  ],
  ['Funnel', full, funnel],
  ['Funnel on its last port', full, { ...funnel, port: 10_000 }],
  [
    'Funnel in a range of ports',
    { ...full, attributes: ['funnel', 'https', ports('1-65535')] },
    funnel,
  ],
])('%s is served', (_, node, entry) => {
  expect(serveProblem(node, entry)).toBeUndefined();
});

test.each([
  [
    'HTTPS without certificates',
    { certDomains: [], attributes: [] },
    serve,
    /enable them on the DNS page.*listen\.plainHttp/,
  ],
  [
    'Funnel without certificates',
    { ...full, certDomains: [] },
    funnel,
    /enable them on the DNS page[^,]*\.$/,
  ],
  [
    'Funnel without the https attribute',
    { certDomains, attributes: ['funnel'] },
    funnel,
    /enable them/,
  ],
  [
    'Funnel that the policy does not allow',
    { certDomains, attributes: ['https', ports('443')] },
    funnel,
    /"attr": \["funnel"\].*nodeAttrs/,
  ],
  [
    'Funnel on a port of others',
    { ...full, attributes: ['funnel', 'https', ports('8443,9000-9010')] },
    funnel,
    /not allowed on port 443 of this node, only on 8443, 9000-9010: /,
  ],
  [
    'Funnel without ports',
    { certDomains, attributes: ['funnel', 'https'] },
    funnel,
    /only on none/,
  ],
  [
    'Funnel with unreadable ports',
    { certDomains, attributes: ['funnel', 'https', ports('all,4430')] },
    funnel,
    /only on 4430/,
  ],
])('%s is told with its remedy', (_, node, entry, problem) => {
  expect(serveProblem(node, entry)).toMatch(problem);
});
