import { randomBytes } from 'node:crypto';
import { systemClock } from '../clock.ts';
import { checkChosenSecret, clientSchema } from '../config/client-schema.ts';
import { valueAt } from '../config/document.ts';
import { configFlags, type ParsedFlags } from '../config/flags.ts';
import { schemaProblems } from '../config/problems.ts';
import { type ClientConfig, type Config, loadConfigWith, toClient } from '../config.ts';
import { clientFromConfig } from '../provider/client-metadata.ts';
import { loadOrCreateSecretKey } from '../provider/secret-key.ts';
import { generateSecret, hashChosen, hashGenerated } from '../provider/secrets.ts';
import type { Store } from '../store/store.ts';
import { isConfigured, recordChange, withStore } from './client-store.ts';
import { CommandError, defineCommand, type Io, UsageError } from './command.ts';
import { printJson } from './print.ts';
import { readSecret } from './read-secret.ts';

/** Which flag fills which member of a declaration; the schema's words are then about the flag. */
const single = {
  id: 'id',
  name: 'name',
  login: 'login',
  access: 'access',
  idTokenAlgorithm: 'id-token-algorithm',
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
    '--name NAME --redirect-uri URI [--redirect-uri URI]… [--public | --secret-stdin] [--json]',
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
    json: { type: 'boolean', help: 'print JSON' },
  },
  async act(flags, io) {
    const config = loadConfigWith(flags, io.env);
    const secret = await chooseSecret(flags, io);
    const client = declare(flags, secret?.text);
    if (isConfigured(config, client.id)) {
      throw new CommandError(
        `client "${client.id}" is declared in the configuration file: choose another --id`,
      );
    }
    await withStore(config, (store) => save(store, client, secret));
    io.out(
      flags.switches.has('json') ? asJson(client, secret, config) : asText(client, secret, config),
    );
  },
});

interface Secret {
  readonly text: string;
  readonly isGenerated: boolean;
}

const chooseSecret = async (flags: ParsedFlags, io: Io): Promise<Secret | undefined> => {
  const isPublic = flags.switches.has('public');
  if (!flags.switches.has('secret-stdin')) {
    return isPublic ? undefined : { text: generateSecret(), isGenerated: true };
  }
  if (isPublic) throw new UsageError('--public and --secret-stdin exclude each other');
  return { text: await readSecret(io, checkChosenSecret), isGenerated: false };
};

const declare = (flags: ParsedFlags, secret: string | undefined): ClientConfig => {
  const name = flags.strings['name']?.at(-1);
  if (name === undefined && flags.strings['id'] === undefined) {
    throw new UsageError('--name: is missing: say what pages shall call the app');
  }
  const requirement = listsOf(flags, required);
  const requires = Object.keys(requirement).length > 0 ? requirement : undefined;
  const given = {
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
  const parsed = clientSchema.safeParse(given);
  if (parsed.success) return toClient(parsed.data, undefined);
  const flagOf: Readonly<Record<string, string>> = { ...single, ...lists, ...required };
  const problems = schemaProblems(parsed.error).map(({ path, text }) => {
    const value = valueAt(given, path);
    const shown = typeof value === 'string' ? `${JSON.stringify(value)} ` : '';
    const member = String(path[0] === 'requires' ? path[1] : path[0]);
    return `--${flagOf[member] ?? member}: ${value === undefined ? 'is missing; it ' : shown}${text}`;
  });
  throw new UsageError(problems.join('\n'));
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

const save = async (
  store: Store,
  client: ClientConfig,
  secret: Secret | undefined,
): Promise<void> => {
  if ((await store.clients.find(client.id)) !== undefined) {
    throw new CommandError(`client "${client.id}" exists already: choose another --id`);
  }
  const at = systemClock.nowSeconds();
  await store.clients.save({
    id: client.id,
    metadata: clientFromConfig(client),
    secretVerifier: secret === undefined ? null : await makeVerifier(store, secret),
    source: 'cli',
    createdAt: at,
    updatedAt: at,
  });
  recordChange(store, client.id, 'add');
  await store.committed();
};

/** What is kept of a secret; the secret itself is not. */
const makeVerifier = async (store: Store, { text, isGenerated }: Secret): Promise<string> =>
  isGenerated
    ? hashGenerated(text, await loadOrCreateSecretKey(store, systemClock))
    : hashChosen(text);

const asJson = (client: ClientConfig, secret: Secret | undefined, config: Config): string =>
  printJson({
    client_id: client.id,
    ...(secret?.isGenerated ? { client_secret: secret.text } : {}),
    ...(config.issuer === undefined ? {} : { issuer: config.issuer }),
    ...clientFromConfig(client),
  });

const asText = (client: ClientConfig, secret: Secret | undefined, config: Config): string => {
  const secretLine = secret?.isGenerated
    ? `${secret.text}   (shown this once: only a digest of it is kept)`
    : secret && '(the one you gave)';
  const lines = [
    ['issuer', config.issuer],
    ['client ID', client.id],
    ['client secret', secretLine ?? '(none: a public client)'],
    ...client.redirectUris.map((uri) => ['redirect URI', uri]),
  ];
  return lines
    .filter(([, value]) => value !== undefined)
    .map(([label, value]) => `${label?.padEnd(14)} ${value}\n`)
    .join('');
};
