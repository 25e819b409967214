import { z } from 'zod';
import { authKeyProblem } from '../peer/auth-key.ts';
import { listOf, members, path, text } from '../schema/fields.ts';
import { option } from '../schema/option.ts';

/** Which tailscaled it is, as the configuration file says it: the machine's, or one that we run ourselves. */

const checkHostname = (name: string): string | undefined =>
  /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/iu.test(name)
    ? undefined
    : 'must be one DNS label such as "idp", without a domain';

const checkControlUrl = (url: string): string | undefined =>
  URL.canParse(url) && /^https?:$/u.test(new URL(url).protocol)
    ? undefined
    : 'must be a URL such as "https://headscale.example"';

const checkTag = (tag: string): string | undefined =>
  /^tag:[a-z][a-z0-9-]*$/iu.test(tag) ? undefined : 'must be a tag such as "tag:idp"';

/** Ours, because the rest depends on them. */
const ownFlags = /^--?(?:tun|socket|state|statedir|cleanup)(?:=|$)/u;

const checkArgument = (argument: string): string | undefined => {
  if (ownFlags.test(argument)) return 'must not be given here: tsidp sets this flag of tailscaled';
  return argument === '' || argument.includes('\0') ? 'must not be empty' : undefined;
};

export const tailscaledSchema = members({
  socket: option(path("The socket of tailscaled's LocalAPI. Default: by platform.").optional(), {
    flag: {
      name: 'tailscaled-socket',
      value: 'PATH',
      help: "socket of tailscaled's LocalAPI",
    },
    variables: ['TSIDP_TAILSCALED_SOCKET'],
  }),
  managed: option(
    z
      .boolean({ error: 'must be true or false' })
      .optional()
      .describe(
        'Run a tailscaled of our own on the state directory, as a node of its own, and stop it with the daemon. Default: only where tsidp left its node in the state directory, or its flags ask for one.',
      ),
    {
      // the other way round: with the flag it is false
      flag: { name: 'use-local-tailscaled', help: "use this machine's tailscaled" },
      variables: ['TSIDP_USE_LOCAL_TAILSCALED'],
      upstream: true,
    },
  ),
  path: path(
    'The tailscaled to run, relative to this file. Default: the first on PATH, or in a usual place.',
  ).optional(),
  authKey: option(
    text(authKeyProblem)
      .optional()
      .describe('Logs a new node in. Better: authKeyFile. With neither, a login URL is shown.'),
    { variables: ['TS_AUTH_KEY', 'TS_AUTHKEY'], upstream: true },
  ),
  authKeyFile: path(
    'A file that holds the auth key, relative to this one; read only when the node must log in.',
  ).optional(),
  hostname: option(
    text(checkHostname)
      .optional()
      .describe(
        "Name of the node, and so of the issuer. Default: the node's own, idp for a new one.",
      ),
    {
      flag: {
        name: 'hostname',
        value: 'NAME',
        help: 'name of the node, where tsidp runs its own tailscaled',
      },
      variables: ['TS_HOSTNAME', 'TSIDP_HOSTNAME'],
      upstream: true,
    },
  ),
  controlUrl: text(checkControlUrl)
    .optional()
    .describe("Control server, such as Headscale's URL. Default: Tailscale's."),
  advertiseTags: option(
    listOf(text(checkTag), 0, 20)
      .optional()
      .describe('Tags that a new node asks for. The auth key may bring its own.'),
    { variables: ['TS_ADVERTISE_TAGS'], upstream: true },
  ),
  extraArgs: listOf(text(checkArgument), 0, 50)
    .optional()
    .describe('More flags for tailscaled itself, such as "--no-logs-no-support".'),
}).superRefine((tailscaled, context) => {
  const refuse = (member: string, message: string): void =>
    context.addIssue({ code: 'custom', path: [member], message });
  if (tailscaled.authKey !== undefined && tailscaled.authKeyFile !== undefined) {
    refuse('authKeyFile', 'cannot be combined with "authKey": remove one of the two');
  }
  if (tailscaled.managed === true && tailscaled.socket !== undefined) {
    refuse(
      'socket',
      'cannot be combined with "managed": that tailscaled has its socket in the state directory',
    );
  }
});
