import { createHash } from 'node:crypto';
import { z } from 'zod';
import { clientFromConfig } from '../clients/client-metadata.ts';
import { toClient } from '../config/client.ts';
import type { ClientOptions } from '../config/client-options.ts';
import { clientSchema } from '../config/client-schema.ts';
import type { ClientMetadata } from '../protocol/client-metadata.ts';
import { checkRedirectUri } from '../protocol/redirect-uri.ts';
import type { Problem } from '../schema/document.ts';
import { schemaProblems } from '../schema/problems.ts';
import { TakeoverError } from './takeover-error.ts';
import type { TsidpFile } from './tsidp-file.ts';

/** A client of tsidp's as it becomes one of ours. */
export interface TsidpClient {
  readonly id: string;
  readonly name: string;
  readonly secret: string;
  readonly metadata: ClientMetadata;
  readonly options: ClientOptions;
  /** Epoch seconds; undefined where tsidp did not note it. */
  readonly createdAt: number | undefined;
  /** Redirect URIs that are refused here, one message each. */
  readonly leftOut: readonly string[];
  /** SHA-256 in hexadecimal of its entry, without the secret. */
  readonly digest: string;
}

/** A client that can't be taken over, with every reason. */
export interface InvalidClient {
  readonly id: string;
  readonly problems: readonly string[];
  readonly digest: string;
}

export interface RegisteredClients {
  readonly clients: readonly TsidpClient[];
  readonly invalid: readonly InvalidClient[];
}

const text = z.string({ error: 'must be text' }).nullish();
const texts = z.array(z.string({ error: 'must be text' }), { error: 'must be a list' }).nullish();

/** As Go reads it: `null` is as good as nothing. Members that we don't know are of no use here. */
const entrySchema = z.looseObject(
  {
    client_id: text,
    client_secret: text,
    client_name: text,
    redirect_uris: texts,
    token_endpoint_auth_method: text,
    client_uri: text,
    logo_uri: text,
    contacts: texts,
    dynamically_registered: z.boolean({ error: 'must be true or false' }).nullish(),
    created_at: text,
    // older files
    name: text,
    redirect_uri: text,
  },
  { error: 'must be an object' },
);

type Entry = z.output<typeof entrySchema>;

/** @throws {TakeoverError} when the file as a whole is none */
export function readRegisteredClients(file: TsidpFile): RegisteredClients {
  const { value } = file;
  // Go writes a map without entries as null
  if (value === null) return { clients: [], invalid: [] };
  if (typeof value !== 'object' || Array.isArray(value) || JSON.isRawJSON(value)) {
    throw new TakeoverError([
      `${file.say([], 'must be an object of clients by their ID')}. Nothing was taken over`,
    ]);
  }
  const read = Object.entries(value).map(([id, entry]) => readClient(id, entry, file));
  return {
    clients: read.filter((one) => 'secret' in one),
    invalid: read.filter((one) => 'problems' in one),
  };
}

function readClient(id: string, value: unknown, file: TsidpFile): TsidpClient | InvalidClient {
  const say = ({ path, text: what }: Problem): string => file.say([id, ...path], what);
  const digest = digestOf(value);
  const parsed = entrySchema.safeParse(value);
  if (!parsed.success) return { id, problems: schemaProblems(parsed.error).map(say), digest };
  const entry = parsed.data;
  const uris = urisOf(entry);
  const good = uris.flatMap(({ uri, reason }) => (reason === undefined ? [uri] : []));
  const leftOut = uris.flatMap(({ path, uri, reason }) =>
    reason === undefined ? [] : [say({ path, text: `${JSON.stringify(uri)} ${reason}` })],
  );
  const declared = clientSchema.safeParse({
    id,
    name: nameOf(id, entry),
    secret: entry.client_secret ?? '',
    redirectUris: [...new Set(good)],
    ...(isOwnMethod(entry) ? { authMethod: entry.token_endpoint_auth_method } : {}),
  });
  const problems = [
    ...(declared.success ? [] : ownWords(schemaProblems(declared.error), entry)),
    ...idProblems(id, entry),
    ...redirectProblems(uris.length, good.length),
  ];
  if (!declared.success || problems.length > 0) {
    return { id, problems: [...problems.map(say), ...leftOut], digest };
  }
  const client = toClient(declared.data, undefined);
  const made = clientFromConfig(client);
  return {
    id,
    name: client.name,
    secret: declared.data.secret ?? '',
    metadata: { ...made.metadata, ...extrasOf(entry) },
    // whether an operator ever named it: a client that registered itself took any name
    options: { ...made.options, ...(entry.dynamically_registered ? { dynamic: true } : {}) },
    createdAt: secondsOf(entry.created_at),
    leftOut,
    digest,
  };
}

/** As in the configuration file. */
const maxRedirectUris = 50;

/** tsidp looks a client up by the name of its member, so that is its ID. */
function idProblems(id: string, { client_id: inside }: Entry): Problem[] {
  if (inside === id || !inside) return [];
  const what = `must be ${JSON.stringify(id)}, under which it stands: say which of the two the app has`;
  return [{ path: ['client_id'], text: what }];
}

function redirectProblems(all: number, good: number): Problem[] {
  if (good > 0 && good <= maxRedirectUris) return [];
  const none = all === 0 ? 'is missing or empty' : 'holds none that is accepted here';
  const what = good === 0 ? none : `holds more than ${maxRedirectUris}`;
  return [{ path: ['redirect_uris'], text: what }];
}

interface Uri {
  readonly path: readonly (string | number)[];
  readonly uri: string;
  readonly reason: string | undefined;
}

/** As tsidp does it: the old member counts where the new one is empty. */
function urisOf({ redirect_uris: list, redirect_uri: single }: Entry): Uri[] {
  const uris = (list ?? []).map((uri, index) => ({ path: ['redirect_uris', index], uri }));
  if (uris.length === 0 && single) uris.push({ path: ['redirect_uri'], uri: single });
  return uris.map((one) => ({ ...one, reason: checkRedirectUri(one.uri) }));
}

function nameOf(id: string, entry: Entry): string {
  return entry.client_name || entry.name || id;
}

/** tsidp takes the secret either way, whatever is registered, and demands it of clients that registered `none`. */
function isOwnMethod({ token_endpoint_auth_method: method }: Entry): boolean {
  return method === 'client_secret_basic' || method === 'client_secret_post';
}

/** The schema's problems, about the members that stand in the file. Redirect URIs are judged one by one before. */
function ownWords(problems: readonly Problem[], entry: Entry): Problem[] {
  const nameMember = entry.client_name || !entry.name ? 'client_name' : 'name';
  return problems.flatMap(({ path, text: what }): Problem[] => {
    switch (String(path[0])) {
      case 'redirectUris':
        return [];
      case 'id':
        return [{ path: [], text: `has an ID that is not accepted here: it ${what}` }];
      case 'name':
        return [{ path: [nameMember], text: what }];
      case 'secret':
        return [{ path: ['client_secret'], text: entry.client_secret ? what : 'is missing' }];
      default:
        return [{ path, text: what }];
    }
  });
}

/** What pages may show. */
function extrasOf(entry: Entry): ClientMetadata {
  const { client_uri: home, logo_uri: logo, contacts } = entry;
  return {
    ...(isWebUri(home) ? { client_uri: home } : {}),
    ...(isWebUri(logo) ? { logo_uri: logo } : {}),
    ...(contacts && contacts.length > 0 ? { contacts } : {}),
  };
}

function isWebUri(uri: string | null | undefined): uri is string {
  return !!uri && /^https?:/u.test(uri) && checkRedirectUri(uri) === undefined;
}

/** Go's zero time is year 1. */
function secondsOf(time: string | null | undefined): number | undefined {
  const seconds = Math.floor(Date.parse(time ?? '') / 1000);
  return seconds > 0 ? seconds : undefined;
}

/** Without the secret: one that somebody chose could be found by its digest. */
function digestOf(entry: unknown): string {
  const text = JSON.stringify(entry, (member, value: unknown) =>
    member === 'client_secret' ? undefined : value,
  );
  return createHash('sha256').update(text).digest('hex');
}
