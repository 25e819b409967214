import { z } from 'zod';
import { logLevels } from '../log.ts';
import { capabilityScopesSchema } from '../policy/capability-scopes.ts';
import { checkOrigin, flag, members, oneOf, path, text, whole } from '../schema/fields.ts';
import { option } from '../schema/option.ts';
import { auditSchema } from './audit-schema.ts';
import { accessModes, loginModes } from './client-options.ts';
import { clientSchema } from './client-schema.ts';
import { listenSchema } from './listen-schema.ts';
import { metadataDocumentsSchema } from './metadata-documents-schema.ts';
import { registrationSchema } from './registration-schema.ts';
import { resourcesSchema } from './resources-schema.ts';
import { tailscaledSchema } from './tailscaled-schema.ts';

/** The configuration file as it may be written; `config.ts` turns its output into a `Config`. */

const daySeconds = 86_400;
const yearSeconds = 365 * daySeconds;

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
    'How long a rotated refresh token is still answered, for a lost answer or parallel requests. After 10 seconds only once, and only over a connection of the device that logged in. An app may have up to 1800.',
  ),
  sessionSeconds: whole(1, yearSeconds, 1_209_600, 'The session in the browser.'),
  interactionSeconds: whole(60, 3600, 900, 'How long a confirm page waits for its click.'),
  deviceCodeSeconds: whole(60, 3600, 600, 'Device codes and their user codes (RFC 8628).'),
  devicePollSeconds: whole(1, 60, 5, 'How long a device waits between two polls.'),
});

const limits = members({
  requestsInFlight: whole(
    1,
    100_000,
    1000,
    'More than these are answered 503 with Retry-After; strangers over Funnel have half.',
  ),
  requestsInFlightPerPeer: option(
    whole(
      1,
      100_000,
      100,
      'How many of these one node, person behind a trusted proxy, address outside the tailnet or client at the backchannel may have; never more than half.',
    ),
    { since: '0.2.0' },
  ),
  requestsInFlightPerConnection: option(
    whole(
      1,
      1000,
      8,
      'Requests of one connection that are worked on at once; those sent ahead of their answers wait.',
    ),
    { since: '0.2.0' },
  ),
  connectionsPerPeer: option(
    whole(
      8,
      8192,
      256,
      'Connections of one node, address outside the tailnet or client at the backchannel; with one more, its oldest idle one is closed. Trusted proxies may have more.',
    ),
    { since: '0.2.0' },
  ),
  authorizationsPerMinute: option(
    whole(
      10,
      1_000_000,
      600,
      'Logins that one device may begin in a minute, all devices of a person twice as many; more are answered 429.',
    ),
    { since: '0.2.0' },
  ),
  tokensPerMinute: option(
    whole(
      10,
      1_000_000,
      600,
      'Tokens in a minute without a new login: refreshes of one login (all of a person at one client twice as many), or what a client gets at one device for itself or exchanges for one person (for all people ten times as many); more are answered 429.',
    ),
    { since: '0.2.0' },
  ),
  bodyBytes: whole(1024, 1_048_576, 65_536, 'Largest request body.'),
  bodyBytesPerSecond: option(
    whole(
      0,
      65_536,
      1000,
      'A request ends when its body arrives more slowly than this for more than five seconds; 0: no such limit.',
    ),
    { since: '0.2.0' },
  ),
  headerBytes: whole(4096, 65_536, 16_384, 'Largest request line and headers.'),
  requestTimeoutSeconds: whole(1, 300, 15, 'For a request to arrive and to be answered.'),
  drainSeconds: whole(0, 300, 10, 'How long requests under way may finish after SIGTERM.'),
});

export const fileSchema = members({
  $schema: z
    .string({ error: 'must be text in quotes' })
    .optional()
    .describe('The path of config/tsidp.schema.json, for editors that complete what is written.'),
  issuer: option(
    text((issuer) => checkOrigin(issuer, 'https://idp.tail1234.ts.net'))
      .optional()
      .describe(
        'The one URL that apps configure, without a slash at its end; http:// only with plainHttp. Default: the DNS name that tailscaled reports.',
      ),
    { flag: { name: 'issuer', value: 'URL', help: 'issuer' }, variables: ['TSIDP_ISSUER'] },
  ),
  stateDirectory: option(
    path(
      'Where the database lives, relative to this file. Default: /var/lib/tsidp for root, otherwise tsidp in $XDG_STATE_HOME or ~/.local/state.',
    ).optional(),
    {
      flag: { name: 'dir', value: 'DIRECTORY', help: 'state directory' },
      variables: ['TS_STATE_DIR', 'TSIDP_STATE_DIR'],
    },
  ),
  tailscaled: tailscaledSchema.prefault({}),
  listen: listenSchema,
  login: oneOf(loginModes)
    .default('clickless')
    .describe('Whether a login needs a click on a page. Apps may say otherwise for themselves.'),
  access: oneOf(accessModes)
    .default('open')
    .describe('open: any member may enter any app. granted: only where a grant says so.'),
  emailVerified: oneOf(['addresses', 'always', 'never'])
    .default('addresses')
    .describe('When email_verified is true; addresses: for logins that are addresses.'),
  bareLoginEmail: option(
    oneOf(['login', 'issuer', 'none'])
      .optional()
      .describe(
        'The email of logins without "@", as Headscale has them. login: the bare login. issuer: a mailbox of the issuer\'s host that nobody reads. none: no email. Default: login where tsidp\'s files were taken over, as tsidp said it, else issuer.',
      ),
    { since: '0.2.0' },
  ),
  allowForeignUsers: flag('Let in members of other tailnets that this node is shared with.'),
  allowSelf: flag(
    'Treat every program on this machine as its node, that is, as its owner or as the machine. Never as an administrator.',
  ),
  whoisCacheSeconds: whole(0, 5, 1, 'How long an answer of tailscaled may be used again.'),
  staleNetworkMapSeconds: whole(
    0,
    7 * daySeconds,
    3600,
    'How long logins go on without the control server.',
  ),
  capabilityScopes: z
    .array(capabilityScopesSchema, { error: 'must be a list: [ … ]' })
    .max(100, { error: 'must be a list of at most 100 entries' })
    .default([])
    .describe('Scopes that other capabilities of the tailnet policy give.'),
  resources: resourcesSchema,
  tokenExchange: members({
    enabled: z
      .boolean({ error: 'must be true or false' })
      .default(true)
      .describe(
        'Whether tokens may be exchanged (RFC 8693) at all. Grants say who may, and for what.',
      ),
    maxDepth: whole(
      1,
      20,
      5,
      'How many actors one token may name, each acting for the one before.',
    ),
  }).prefault({}),
  metadataDocuments: metadataDocumentsSchema
    .prefault({})
    .describe('Clients whose ID is the URL of a document about them.'),
  consentDays: whole(
    1,
    3650,
    365,
    'How long consent to a client that registered itself is remembered.',
  ),
  registration: registrationSchema
    .prefault({})
    .describe('Clients that register themselves (RFC 7591), as MCP clients do.'),
  lifetimes: lifetimes.prefault({}),
  limits: limits.prefault({}),
  audit: auditSchema.prefault({}),
  log: members({
    level: option(
      oneOf(logLevels).default('info').describe('The least important level to print.'),
      {
        flag: { name: 'log', value: 'LEVEL', help: 'trace, debug, info, warn or error' },
        variables: ['TSIDP_LOG'],
      },
    ),
  }).prefault({}),
  clients: z
    .array(clientSchema, { error: 'must be a list: [ … ]' })
    .max(1000, { error: 'must be a list of at most 1000 entries' })
    .default([])
    .describe('Apps. "tsidp clients add" adds more without this file.'),
});

export type FileConfig = z.output<typeof fileSchema>;
