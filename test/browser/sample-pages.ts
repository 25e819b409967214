import { pages } from '../../src/pages/pages.ts';
import { alice, confirm, consent, denial, device, error, form, runner } from '../pages/samples.ts';

const issuer = 'https://idp.tailnet.ts.net';

/** Documents to look at, by the name of their screenshot. */
export const samplePages: Readonly<Record<string, string>> = {
  confirm: pages.confirm({
    ...confirm,
    why: ['confirm'],
    scopes: ['openid', 'profile', 'email', 'groups', 'offline_access', 'grafana:edit'],
  }),
  'confirm-native': pages.confirm({
    ...confirm,
    clientName: 'Immich',
    redirectHost: 'app.immich:',
    why: ['login'],
  }),
  'confirm-hostile': pages.confirm({
    person: {
      ...alice,
      displayName: `\u202e${'W'.repeat(3000)}`,
      login: `${'w'.repeat(300)}@evil.example`,
    },
    clientName:
      '<script>alert(1)</script> \u202e Your bank, confirmed \u2066✅✅✅ by Tailscale Incorporated',
    redirectHost: `https://grafana.tailnet.ts.net.${'a-very-long-label.'.repeat(20)}evil.example`,
    action: '/interaction/abc123',
    why: ['login', 'consent', 'max_age'],
    scopes: Array.from({ length: 30 }, (_, index) => `${'x'.repeat(90)}${index}`),
  }),
  consent: pages.consent(consent),
  'consent-local': pages.consent({
    ...consent,
    clientName: 'Claude Code',
    redirectHost: 'http://localhost:33418',
    registration: { at: 1_790_000_000, by: undefined, isAnonymous: true },
  }),
  'consent-scheme': pages.consent({
    ...consent,
    clientName: 'Cursor',
    redirectHost: 'cursor:',
    resources: [
      { uri: 'https://notes.tailnet.ts.net', name: 'https://notes.tailnet.ts.net', scopes: [] },
    ],
    renewsSeconds: 0,
  }),
  'consent-document': pages.consent({
    ...consent,
    clientName: 'ChatGPT',
    describedAt: 'https://chatgpt.com/oauth/client.json',
    registration: undefined,
    redirectHost: 'https://chatgpt.com',
    identityScopes: [],
  }),
  'consent-hostile': pages.consent({
    ...consent,
    person: {
      ...alice,
      displayName: `\u202e${'W'.repeat(3000)}`,
      login: `${'w'.repeat(300)}@evil.example`,
    },
    clientName:
      '<script>alert(1)</script> \u202e Your bank, confirmed \u2066✅✅✅ by Tailscale Incorporated',
    describedAt: `https://${'a-very-long-label.'.repeat(12)}evil.example/${'x'.repeat(600)}`,
    redirectHost: `http://claude.ai.${'a-very-long-label.'.repeat(12)}evil.example:65535`,
    identityScopes: ['openid', 'x'.repeat(256)],
    resources: [
      {
        uri: `https://files.example/${'x'.repeat(500)}`,
        name: `\u202e${'W'.repeat(300)}`,
        scopes: Array.from({ length: 40 }, (_, index) => {
          const name = `${'x'.repeat(250)}${index}`;
          return { name, text: index % 2 === 0 ? name : `${'y'.repeat(300)} ${index}` };
        }),
      },
    ],
  }),
  'device-code': pages.deviceCode({
    person: alice,
    userCode: undefined,
    problem: 'unknown',
    action: '/device',
    xsrf: '4b1f',
  }),
  device: pages.deviceConfirm(device),
  'device-stranger': pages.deviceConfirm({
    ...device,
    clientName: 'Visual Studio Code',
    clientId: '3f7c1c0e8b2a4d55',
    nameTrusted: false,
    origin: {
      own: false,
      login: undefined,
      device: undefined,
      tags: [],
      address: '203.0.113.77',
      userAgent: 'node',
    },
    resources: [
      {
        uri: 'https://mcp.tailnet.ts.net/mcp',
        name: 'Files',
        scopes: [
          { name: 'read_file', text: 'Read files' },
          { name: 'run_code', text: 'Run code' },
        ],
      },
    ],
  }),
  'device-hostile': pages.deviceConfirm({
    ...device,
    person: { ...alice, login: `${'w'.repeat(300)}@evil.example` },
    clientName: `\u202e${'W'.repeat(300)}`,
    clientId: 'x'.repeat(128),
    nameTrusted: false,
    origin: {
      own: false,
      login: `${'m'.repeat(300)}@evil.example`,
      device: `${'a-very-long-label.'.repeat(20)}evil.example`,
      tags: [],
      address: undefined,
      userAgent: 'x'.repeat(300),
    },
    scopes: Array.from({ length: 30 }, (_, index) => `${'x'.repeat(90)}${index}`),
  }),
  'device-allowed': pages.deviceDone({ allowed: true, clientName: 'Database shell' }),
  'device-denied': pages.deviceDone({ allowed: false, clientName: 'Database shell' }),
  denial: pages.error({ ...error, denial }),
  'denial-configured': pages.error({
    ...error,
    description: 'this app is only for devices with macOS or windows',
    denial: {
      ...denial,
      trace: ['access: open: every member may enter every app', 'requires.device.os: is none'],
      grant: undefined,
    },
  }),
  'denial-hostile': pages.error({
    ...error,
    person: { ...alice, login: `${'w'.repeat(300)}@evil.example` },
    denial: {
      clientName: `\u202e${'W'.repeat(300)}`,
      clientId: 'x'.repeat(128),
      trace: Array.from({ length: 60 }, (_, index) => `rule ${index}: ${'x'.repeat(300)}`),
      grant: denial.grant?.replace('alice', 'w'.repeat(3000)),
    },
  }),
  'may-enter': pages.mayEnter({ person: alice, clientName: 'Grafana' }),
  'denial-machine': pages.error({
    ...error,
    person: runner,
    description:
      'this device is a machine (tag:ci), not a person, and no grant of the tailnet policy lets it log in to apps (machine_login)',
  }),
  'denial-unknown': pages.error({
    ...error,
    person: undefined,
    description:
      'Your connection does not come from a device of this tailnet. Connect to Tailscale on this device and try again.',
  }),
  'error-redirect': pages.error({
    ...error,
    status: 400,
    error: 'invalid_redirect_uri',
    description: "redirect_uri did not match any of the client's registered redirect_uris",
  }),
  'error-untrusted': pages.error({
    ...error,
    status: 400,
    error: 'consent_required',
    description: 'the person has not allowed this app what it asks for',
    back: {
      host: `https://agent.${'x'.repeat(60)}.example:8443`,
      url: `https://agent.example:8443/cb?error=consent_required&state=${'x'.repeat(500)}`,
    },
  }),
  unavailable: pages.error({
    ...error,
    status: 503,
    error: 'temporarily_unavailable',
    person: undefined,
    description:
      'This login server cannot ask its Tailscale daemon who you are at the moment. Try again shortly.',
  }),
  logout: pages.logout({
    form: form.replace('https://idp.example', ''),
    person: alice,
    clientName: 'Grafana',
  }),
  'logged-out': pages.loggedOut({ clientName: undefined }),
  home: pages.home({ person: alice, refusal: undefined, issuer }),
  'home-unknown': pages.home({
    person: undefined,
    refusal: 'Your connection does not come from a device of this tailnet.',
    issuer,
  }),
};
