import { isIP, isIPv4 } from 'node:net';
import { z } from 'zod';
import { clientSchema, loginModes } from './client-schema.ts';
import { flag, listOf, members, oneOf, path, text, whole, wholeNumber } from './fields.ts';

/** The configuration file as it may be written; `config.ts` turns its output into a `Config`. */

const daySeconds = 86_400;
const yearSeconds = 365 * daySeconds;

const checkIssuer = (issuer: string): string | undefined => {
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  if (url === undefined || !/^https?:$/u.test(url.protocol)) {
    return 'must be a URL such as "https://idp.tail1234.ts.net"';
  }
  // Clients compare the issuer as text (OpenID Connect Discovery 1.0 section 4.3): one spelling only.
  if (url.origin !== issuer) {
    return `must be scheme, host and perhaps port in normal form, nothing else: write "${url.origin}"`;
  }
  return /^[a-z0-9._-]*[a-z0-9]$|^\[.*\]$/u.test(url.hostname)
    ? undefined
    : 'must have a DNS name or an address as its host, without a dot at its end';
};

const checkAddress = (address: string): string | undefined => {
  if (isIP(address) === 0) return 'must be an IP address such as "100.64.0.1"';
  return /^(?:0\.0\.0\.0|[0:]+)$/u.test(address)
    ? 'must be an address of this node: listening everywhere would serve more than the tailnet'
    : undefined;
};

/** The demo believes a simulated tailnet: whoever reaches it is somebody. So only this machine may. */
const checkLoopback = (address: string): string | undefined =>
  (isIPv4(address) && address.startsWith('127.')) || address === '::1'
    ? undefined
    : 'must be a loopback address such as "127.0.0.1": the demo is never served to others';

const port = wholeNumber(1, 65_535);

const tailnetListener = members({
  type: z.literal('tailnet').optional(),
  port: port.optional().describe("Default: the issuer's port, else 443, or 80 with plainHttp."),
  plainHttp: flag('Serve plain HTTP inside the tunnel, as tailnets without certificates must.'),
  certificateFile: path(
    'Certificate chain in PEM, relative to this file. Default: asked of tailscaled.',
  ).optional(),
  keyFile: path('Private key of the certificate in PEM, relative to this file.').optional(),
  addresses: listOf(text(checkAddress), 1, 16)
    .optional()
    .describe("Default: the node's own tailnet addresses."),
}).superRefine((listen, context) => {
  const refuse = (member: string, message: string): void =>
    context.addIssue({ code: 'custom', path: [member], message });
  if (listen.certificateFile !== undefined && listen.keyFile === undefined) {
    refuse('keyFile', 'must stand beside "certificateFile"');
  }
  if (listen.keyFile !== undefined && listen.certificateFile === undefined) {
    refuse('certificateFile', 'must stand beside "keyFile"');
  }
  if (listen.plainHttp && listen.certificateFile !== undefined) {
    refuse('plainHttp', 'must not stand beside "certificateFile": remove one of the two');
  }
});

const demoListener = members({
  type: z.literal('demo'),
  hosts: listOf(text(checkLoopback), 1, 16)
    .default(['127.0.0.1'])
    .describe('Loopback addresses only.'),
  port: port.default(4400),
});

const listen = z
  .discriminatedUnion('type', [tailnetListener, demoListener], {
    error: 'must be "tailnet" or "demo"',
  })
  .prefault({})
  .describe("tailnet: the node's own addresses. demo: loopback, for the simulator.");

const lifetimes = members({
  codeSeconds: whole(1, 600, 60, 'Authorization codes (RFC 6749 section 4.1.2: at most 600).'),
  accessTokenSeconds: whole(1, daySeconds, 300, 'Access tokens.'),
  idTokenSeconds: whole(1, daySeconds, 300, 'ID tokens.'),
  refreshIdleSeconds: whole(1, yearSeconds, 2_592_000, 'A refresh token that is not used.'),
  refreshAbsoluteSeconds: whole(
    1,
    yearSeconds,
    7_776_000,
    'From the login to its last refresh. The shorter of the two rules.',
  ),
  refreshGraceSeconds: whole(
    0,
    60,
    10,
    'How long a rotated refresh token is still answered, for a lost answer or parallel requests.',
  ),
  sessionSeconds: whole(1, yearSeconds, 1_209_600, 'The session in the browser.'),
  interactionSeconds: whole(60, 3600, 900, 'How long a confirm page waits for its click.'),
});

const limits = members({
  requestsInFlight: whole(1, 100_000, 1000, 'More than these are answered 503 with Retry-After.'),
  bodyBytes: whole(1024, 1_048_576, 65_536, 'Largest request body.'),
  headerBytes: whole(4096, 65_536, 16_384, 'Largest request line and headers.'),
  requestTimeoutSeconds: whole(1, 300, 15, 'For a request to arrive and to be answered.'),
  drainSeconds: whole(0, 300, 10, 'How long requests under way may finish after SIGTERM.'),
});

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const;

export const fileSchema = members({
  $schema: z.string({ error: 'must be text in quotes' }).optional(),
  issuer: text(checkIssuer)
    .optional()
    .describe(
      'The one URL that apps configure, without a slash at its end; http:// only with plainHttp. Default: the DNS name that tailscaled reports.',
    ),
  stateDirectory: path(
    'Where the database lives, relative to this file. Default: /var/lib/tsidp for root, otherwise tsidp in $XDG_STATE_HOME or ~/.local/state.',
  ).optional(),
  tailscaled: members({
    socket: path("The socket of tailscaled's LocalAPI. Default: by platform.").optional(),
  }).prefault({}),
  listen,
  login: oneOf(loginModes)
    .default('clickless')
    .describe('Whether a login needs a click on a page. Apps may say otherwise for themselves.'),
  access: oneOf(['open', 'granted'])
    .default('open')
    .describe('open: any member may enter any app. granted: only where a grant says so.'),
  emailVerified: oneOf(['addresses', 'always', 'never'])
    .default('addresses')
    .describe('When email_verified is true; addresses: for logins that are addresses.'),
  allowForeignUsers: flag('Let in members of other tailnets that this node is shared with.'),
  whoisCacheSeconds: whole(0, 5, 1, 'How long an answer of tailscaled may be used again.'),
  staleNetworkMapSeconds: whole(
    0,
    7 * daySeconds,
    3600,
    'How long logins go on without the control server.',
  ),
  lifetimes: lifetimes.prefault({}),
  limits: limits.prefault({}),
  log: members({
    level: oneOf(logLevels).default('info').describe('The least important level to print.'),
  }).prefault({}),
  clients: z
    .array(clientSchema, { error: 'must be a list: [ … ]' })
    .max(1000, { error: 'must be a list of at most 1000 entries' })
    .default([])
    .describe('Apps. "tsidp clients add" adds more without this file.'),
});

export type FileConfig = z.output<typeof fileSchema>;
