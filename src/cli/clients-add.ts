import { randomBytes } from 'node:crypto';
import { ClientProblem } from '../clients/client-problem.ts';
import type { AddedClient } from '../clients/manage-clients.ts';
import { checkChosenSecret } from '../config/client-schema.ts';
import { type Config, loadConfigWith } from '../config/config.ts';
import { configFlags } from '../config/config-flags.ts';
import type { ParsedFlags } from '../config/flags.ts';
import { valueAt } from '../schema/document.ts';
import { withClients } from './clients.ts';
import { CommandError, defineCommand, type Io, UsageError } from './command.ts';
import { printJson, shownOnce } from './print.ts';
import { keyFlags, readKeys, wantsSecret } from './read-keys.ts';
import { nodeFlagOf, nodeFlags, readNodes } from './read-nodes.ts';
import { readSecret } from './read-secret.ts';

/** Which flag fills which member of a declaration; the schema's words are then about the flag. */
const single = {
  id: 'id',
  name: 'name',
  login: 'login',
  access: 'access',
  idTokenAlgorithm: 'id-token-algorithm',
  jwksUri: 'jwks-uri',
};
const lists = {
  redirectUris: 'redirect-uri',
  postLogoutRedirectUris: 'post-logout-redirect-uri',
  scopes: 'scope',
  allowedOrigins: 'allowed-origin',
  grantTypes: 'grant-type',
};
/** Members of `requires`. */
const required = { groups: 'require-group', tags: 'require-tag' };

export const clientsAdd = defineCommand({
  name: 'clients add',
  usage:
    '--name NAME --redirect-uri URI [--redirect-uri URI]… [--public | --secret-stdin | --jwks FILE | --jwks-uri URI] [--json], or --name NAME (--peer-tag TAG… | --peer-node ID)',
  summary: 'add an app; prints its client ID and, once, its secret',
  positionals: 0,
  flags: {
    ...configFlags,
    id: { type: 'string', value: 'ID', help: 'client ID; default: made from the name' },
    name: { type: 'string', value: 'NAME', help: 'what pages call the app; default: the ID' },
    'redirect-uri': {
      type: 'string',
      multiple: true,
      value: 'URI',
      help: 'where logins return to, compared exactly; again for each',
    },
    'post-logout-redirect-uri': {
      type: 'string',
      multiple: true,
      value: 'URI',
      help: 'where logouts return to; again for each',
    },
    'allowed-origin': {
      type: 'string',
      multiple: true,
      value: 'ORIGIN',
      help: 'browser origin beside those of the redirect URIs; again for each',
    },
    scope: {
      type: 'string',
      multiple: true,
      value: 'SCOPE',
      help: 'a scope it may get; again for each; default: all',
    },
    'grant-type': {
      type: 'string',
      multiple: true,
      value: 'TYPE',
      help: 'a grant type of OAuth instead of the usual two; again for each',
    },
    login: { type: 'string', value: 'MODE', help: 'clickless or confirm' },
    access: { type: 'string', value: 'MODE', help: 'open or granted; default: as configured' },
    'require-group': {
      type: 'string',
      multiple: true,
      value: 'GROUP',
      help: 'only members of one of these groups of the grants enter; again for each',
    },
    'require-tag': {
      type: 'string',
      multiple: true,
      value: 'TAG',
      help: 'only devices with one of these tags enter; again for each',
    },
    'id-token-algorithm': { type: 'string', value: 'ALG', help: 'RS256, ES256 or EdDSA' },
    public: { type: 'boolean', help: 'an app without a secret: it must use PKCE' },
    'secret-stdin': { type: 'boolean', help: 'take the secret from standard input' },
    ...keyFlags,
    ...nodeFlags,
    json: { type: 'boolean', help: 'print JSON' },
  },
  async act(flags, io) {
    const config = loadConfigWith(flags, io.env);
    const isSecretMade = wantsSecret(flags);
    const secret = await chosenSecret(flags, io);
    const given = { ...declarationOf(flags, secret), ...readKeys(flags), ...readNodes(flags) };
    const added = await withClients(config, async (clients) => {
      try {
        return await clients.add(given, isSecretMade);
      } catch (error) {
        throw inFlags(error, given);
      }
    });
    io.out(flags.switches.has('json') ? asJson(added, config) : asText(added, config));
  },
});

const chosenSecret = async (flags: ParsedFlags, io: Io): Promise<string | undefined> => {
  if (!flags.switches.has('secret-stdin')) return undefined;
  return readSecret(io, checkChosenSecret);
};

type Declaration = Readonly<Record<string, unknown>>;

/** As the configuration file would declare the app. */
const declarationOf = (flags: ParsedFlags, secret: string | undefined): Declaration => {
  const name = flags.strings['name']?.at(-1);
  if (name === undefined && flags.strings['id'] === undefined) {
    throw new UsageError('--name is missing: say what pages should call the app');
  }
  const requirement = listsOf(flags, required);
  const requires = Object.keys(requirement).length > 0 ? requirement : undefined;
  return {
    id: inventId(name ?? ''),
    ...Object.fromEntries(
      Object.entries(single).flatMap(([member, flag]) =>
        (flags.strings[flag] ?? []).slice(-1).map((value) => [member, value]),
      ),
    ),
    ...listsOf(flags, lists),
    ...(requires === undefined ? {} : { requires }),
    ...(secret === undefined ? {} : { secret }),
  };
};

/** What is wrong with the declaration, said of the flags that made it. */
const inFlags = (error: unknown, given: Declaration): unknown => {
  if (!(error instanceof ClientProblem)) return error;
  if (error.code === 'declared') {
    return new CommandError(
      `client ${JSON.stringify(error.id)} is declared in the configuration file: choose another --id`,
    );
  }
  if (error.code !== 'invalid') return error;
  const flagOf: Readonly<Record<string, string>> = { ...single, ...lists, ...required };
  const problems = error.problems.map(({ path, text }) => {
    const value = valueAt(given, path);
    const shown = typeof value === 'string' ? `${JSON.stringify(value)} ` : '';
    const member = String(path[0] === 'requires' ? path[1] : path[0]);
    return `--${nodeFlagOf(path) ?? flagOf[member] ?? member}: ${value === undefined ? 'is missing; it ' : shown}${text}`;
  });
  return new UsageError(problems.join('\n'));
};

const listsOf = (
  flags: ParsedFlags,
  members: Readonly<Record<string, string>>,
): Record<string, readonly string[]> =>
  Object.fromEntries(
    Object.entries(members).flatMap(([member, flag]) => {
      const values = flags.strings[flag];
      return values === undefined ? [] : [[member, values] as const];
    }),
  );

/** `grafana-3f9a2c1d`: readable, and no two apps of one name collide. */
const inventId = (name: string): string => {
  const words = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/gu, '-')
    .replace(/^-|-$/gu, '')
    .slice(0, 40);
  return `${words || 'app'}-${randomBytes(4).toString('hex')}`;
};

const asJson = ({ client, secret }: AddedClient, config: Config): string =>
  printJson({
    client_id: client.id,
    ...(secret === undefined ? {} : { client_secret: secret }),
    ...(config.issuer === undefined ? {} : { issuer: config.issuer }),
    ...client.metadata,
  });

const secretlessText = ({ authentication }: AddedClient['client']): string => {
  if (authentication === 'none') return '(none: a public client)';
  return authentication === 'keys'
    ? '(none: it signs with its keys)'
    : `(none: its connection says who it is: ${authentication})`;
};

const asText = ({ client, secret }: AddedClient, config: Config): string => {
  const given = client.secret === 'none' ? secretlessText(client) : '(the one you gave)';
  const uris = client.metadata['redirect_uris'] as readonly string[];
  const lines = [
    ['issuer', config.issuer],
    ['client ID', client.id],
    ['client secret', secret === undefined ? given : shownOnce(secret)],
    ...uris.map((uri) => ['redirect URI', uri]),
  ];
  return lines
    .filter(([, value]) => value !== undefined)
    .map(([label, value]) => `${label?.padEnd(14)} ${value}\n`)
    .join('');
};
