import type {
  ConfirmPage,
  ConsentPage,
  DeviceConfirmPage,
  ErrorPage,
  PagePerson,
} from '../../src/access/pages.ts';

export const alice: PagePerson = {
  login: 'alice@example.com',
  displayName: 'Alice Architect',
  device: 'alices-laptop.tailnet.ts.net',
  tags: [],
};

export const runner: PagePerson = {
  login: 'runner.tailnet.ts.net (tag:ci)',
  displayName: undefined,
  device: 'runner.tailnet.ts.net',
  tags: ['tag:ci'],
};

export const confirm: ConfirmPage = {
  person: alice,
  clientName: 'Grafana',
  redirectHost: 'https://grafana.tailnet.ts.net:3000',
  action: '/interaction/abc123',
  why: ['login'],
  scopes: ['openid', 'email'],
};

export const device: DeviceConfirmPage = {
  person: alice,
  userCode: 'WDJB-MJHT',
  clientName: 'Database shell',
  clientId: 'psql',
  nameTrusted: true,
  origin: {
    own: true,
    login: 'alice@example.com',
    device: 'alices-laptop.tailnet.ts.net',
    tags: [],
    address: undefined,
    userAgent: 'libpq/18',
  },
  scopes: ['openid', 'email'],
  resources: [],
  shown: ['Qm9uYXBhcnRlLCBOYXBvbA', 'TGVvbmFyZG8gZGEgVmluY2'],
  renewsSeconds: 7_776_000,
  action: '/device',
  xsrf: '4b1f',
};

export const consent: ConsentPage = {
  person: alice,
  clientName: 'Claude',
  describedAt: undefined,
  registration: { at: 1_790_000_000, by: 'alice@example.com', isAnonymous: false },
  redirectHost: 'https://claude.ai',
  identityScopes: ['openid', 'email'],
  resources: [
    {
      uri: 'https://files.tailnet.ts.net/mcp',
      name: 'Files',
      scopes: [
        { name: 'read_file', text: 'Read your files' },
        { name: 'run_code', text: 'Run code as you' },
      ],
    },
  ],
  renewsSeconds: 90 * 86_400,
  action: '/interaction/abc123',
  token: 'c2Vj',
};

export const error: ErrorPage = {
  status: 403,
  error: 'access_denied',
  description: 'no grant of the tailnet policy lets you enter Grafana',
  person: alice,
  requestId: 'r-4f21',
};

export const denial: NonNullable<ErrorPage['denial']> = {
  clientName: 'Grafana',
  clientId: 'grafana',
  trace: ['rule 0: clients: names other apps', 'access: granted: no rule names this app'],
  grant: [
    '{',
    '  "src": ["alice@example.com"],',
    '  "dst": ["tag:idp"],',
    '  "app": {',
    '    "tailscale.com/cap/tsidp": [{ "clients": ["grafana"] }],',
    '  },',
    '},',
  ].join('\n'),
};

/** As oidc-provider 9 hands it to `logoutSource`. */
export const form =
  '<form id="op.logoutForm" method="post" action="https://idp.example/logout/confirm"><input type="hidden" name="xsrf" value="4b1f"/></form>';
