import { isIP, isIPv4 } from 'node:net';
import { z } from 'zod';
import { isStableId } from '../peer/stable-id.ts';
import { checkOrigin, flag, listOf, members, path, text, wholeNumber } from '../schema/fields.ts';
import { option } from '../schema/option.ts';

/** Where the daemon may be reached, as the configuration file says it. `listen.ts` completes it. */

const checkIp = (address: string): string | undefined =>
  isIP(address) === 0 ? 'must be an IP address such as "100.64.0.1"' : undefined;

const checkAddress = (address: string): string | undefined =>
  checkIp(address) ??
  (/^(?:0\.0\.0\.0|[0:]+)$/u.test(address)
    ? 'must be an address of this node: listening everywhere would serve more than the tailnet'
    : undefined);

/** The demo believes a simulated tailnet: whoever reaches it is somebody. So only this machine may. */
const checkLoopback = (address: string): string | undefined =>
  (isIPv4(address) && address.startsWith('127.')) || address === '::1'
    ? undefined
    : 'must be a loopback address such as "127.0.0.1": the demo is never served to others';

const port = wholeNumber(1, 65_535);
const ownPort = option(
  port.optional().describe("Default: the issuer's port, else 443, or 80 with plainHttp."),
  { flag: { name: 'port', value: 'PORT', help: 'port to listen on' }, variables: ['TSIDP_PORT'] },
);
const plainHttp = option(
  flag('Serve plain HTTP inside the tunnel, as tailnets without certificates must.'),
  { flag: { name: 'plain-http', help: 'serve plain HTTP inside the tunnel' } },
);
const funnel = option(
  flag(
    'Let the public internet reach the endpoints that apps call (Tailscale Funnel); never a login.',
  ),
  {
    flag: {
      name: 'funnel',
      help: 'let the public internet reach what apps call, by Tailscale Funnel',
    },
    variables: ['TSIDP_USE_FUNNEL'],
    upstream: true,
  },
);
const certificate = {
  certificateFile: path(
    'Certificate chain in PEM, relative to this file. Default: asked of tailscaled.',
  ).optional(),
  keyFile: path('Private key of the certificate in PEM, relative to this file.').optional(),
};
const addresses = listOf(text(checkAddress), 1, 16)
  .optional()
  .describe("Default: the node's own tailnet addresses.");

interface Written {
  readonly certificateFile?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly plainHttp?: boolean;
  readonly funnel?: boolean;
  readonly port?: number | undefined;
}

/** Funnel's own ports. */
const funnelPorts = [443, 8443, 10_000];

/** What of one listener must or must not stand together. */
const checkTogether = (listen: Written, context: z.RefinementCtx): void => {
  const refuse = (member: string, message: string): void =>
    context.addIssue({ code: 'custom', path: [member], message });
  if (listen.certificateFile !== undefined && listen.keyFile === undefined) {
    refuse('keyFile', 'must be set together with "certificateFile"');
  }
  if (listen.keyFile !== undefined && listen.certificateFile === undefined) {
    refuse('certificateFile', 'must be set together with "keyFile"');
  }
  if (listen.plainHttp && listen.certificateFile !== undefined) {
    refuse('plainHttp', 'cannot be combined with "certificateFile": remove one of the two');
  }
  if (!listen.funnel) return;
  if (listen.plainHttp)
    refuse('plainHttp', 'cannot be combined with "funnel": Funnel is HTTPS only');
  if (listen.certificateFile !== undefined) {
    refuse(
      'certificateFile',
      'cannot be combined with "funnel": Funnel uses the node\'s certificate',
    );
  }
  if (listen.port !== undefined && !funnelPorts.includes(listen.port)) {
    refuse('port', `must be one of Funnel's ports: ${funnelPorts.join(', ')}`);
  }
};

const auto = members({
  type: z.literal('auto').optional().describe('The kind, as said above.'),
  port: ownPort,
  plainHttp,
  funnel,
  ...certificate,
  addresses,
}).superRefine(checkTogether);

/** StableIDs are opaque, but these are plainly a tag, a prefix, a name, a person or everybody. */
const somethingElse = /^tag:|[/.@*]/u;

const checkProxy = (name: string): string | undefined => {
  if (isIP(name) !== 0) {
    return 'must be a StableID or a tag: an address goes to another device once this one is gone';
  }
  const isTag = /^tag:[A-Za-z0-9][A-Za-z0-9-]{0,62}$/u.test(name);
  return isTag || (isStableId(name) && !somethingElse.test(name))
    ? undefined
    : 'must be a tag such as "tag:proxy" or a StableID such as "nKpF3t2CNTRL" or, with Headscale, "4" ("tailscale whois --json ADDRESS" tells it)';
};

const trustedProxies = listOf(text(checkProxy), 0, 16)
  .default([])
  .describe(
    "Reverse proxies on other nodes, by tag or StableID, whose X-Forwarded-For says for whom they connect. They can be anybody's login, never an administrator.",
  );

const tailnet = members({
  type: z.literal('tailnet'),
  port: ownPort,
  plainHttp,
  ...certificate,
  addresses,
  trustedProxies,
}).superRefine(checkTogether);

const serve = members({
  type: z.literal('serve'),
  port: ownPort,
  plainHttp,
  funnel,
}).superRefine(checkTogether);

const userspace = members({
  type: z.literal('userspace'),
  port: ownPort,
  plainHttp,
  ...certificate,
}).superRefine(checkTogether);

const backchannel = members({
  type: z.literal('backchannel'),
  address: text(checkIp).describe(
    'Any address of this machine or pod; "0.0.0.0" and "::" are all.',
  ),
  port,
  baseUrl: text((url) => checkOrigin(url, 'http://tsidp:8080')).describe(
    'How apps reach this listener, without a slash at its end. Its metadata names endpoints here.',
  ),
  ...certificate,
}).superRefine(checkTogether);

const demo = members({
  type: z.literal('demo'),
  hosts: listOf(text(checkLoopback), 1, 16)
    .default(['127.0.0.1'])
    .describe('Loopback addresses only.'),
  port: port.default(4400),
});

const names = ['auto', 'tailnet', 'serve', 'userspace', 'backchannel', 'demo'];

const listener = z.discriminatedUnion(
  'type',
  [auto, tailnet, serve, userspace, backchannel, demo],
  {
    error: ({ input }) =>
      typeof input === 'object' && input !== null
        ? `must be one of ${names.map((name) => `"${name}"`).join(', ')}`
        : `must be an object${typeof input === 'string' && names.includes(input) ? `: write { "type": "${input}" }` : ' such as { "type": "auto" }'}`,
  },
);

const tooMany = { error: 'must be a list of 1 to 8 listeners' };

export const listenSchema = z
  .union([listener, z.array(listener).min(1, tooMany).max(8, tooMany)])
  .prefault({})
  .describe(
    "One listener or a list. auto: what fits tailscaled, and the default. tailnet: the node's own addresses. serve: behind tailscale serve or Funnel. userspace: loopback, for tailscaled without TUN. backchannel: apps' servers outside the tailnet. demo: loopback, for the simulator.",
  );

export type WrittenListener = z.output<typeof listener>;
