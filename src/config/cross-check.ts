import { type JsonPath, type Problem, valueAt } from '../schema/document.ts';

/**
 * What one value demands of another. Works on the data as written, so that these problems are reported together
 * with those of single values, not after them.
 */

const clientsOf = (data: unknown): readonly unknown[] => {
  const clients = valueAt(data, ['clients']);
  return Array.isArray(clients) ? clients : [];
};

const repeatedIds = (data: unknown): Problem[] => {
  const first = new Map<string, number>();
  return clientsOf(data).flatMap((client, index) => {
    const id = valueAt(client, ['id']);
    if (typeof id !== 'string') return [];
    const earlier = first.get(id);
    if (earlier === undefined) {
      first.set(id, index);
      return [];
    }
    return [
      { path: ['clients', index, 'id'], text: `is taken by clients[${earlier}]: choose another` },
    ];
  });
};

/** The listener whose URL the issuer is. */
const frontOf = (data: unknown): unknown => {
  const listen = valueAt(data, ['listen']);
  if (!Array.isArray(listen)) return listen;
  return listen.find((one) => valueAt(one, ['type']) !== 'backchannel');
};

const issuerScheme = (data: unknown): Problem[] => {
  const issuer = valueAt(data, ['issuer']);
  if (typeof issuer !== 'string') return [];
  const front = frontOf(data);
  const isDemo = valueAt(front, ['type']) === 'demo';
  const isPlain = isDemo || valueAt(front, ['plainHttp']) === true;
  if (issuer.startsWith('http://') && !isPlain) {
    return [
      {
        path: ['issuer'],
        text: 'must begin with "https://", unless listen.plainHttp (--plain-http) is true',
      },
    ];
  }
  if (issuer.startsWith('https://') && isPlain) {
    const why = isDemo ? 'the demo serves plain HTTP' : 'listen.plainHttp (--plain-http) is true';
    return [{ path: ['issuer'], text: `must begin with "http://", as ${why}` }];
  }
  return [];
};

/** A JWT for an audience that is a client's ID would pass for a login of that client's. */
const audiencesOfClients = (data: unknown): Problem[] => {
  const ids = new Set(clientsOf(data).map((client) => valueAt(client, ['id'])));
  const resources = valueAt(data, ['resources']);
  return (Array.isArray(resources) ? resources : []).flatMap((resource, index) => {
    const uri = valueAt(resource, ['uri']);
    if (typeof uri !== 'string' || !ids.has(uri)) return [];
    const text =
      'is the ID of a client, so that a token for it would pass for a login: choose another for one of them';
    return [{ path: ['resources', index, 'uri'], text }];
  });
};

export const crossProblems = (data: unknown): Problem[] => [
  ...repeatedIds(data),
  ...audiencesOfClients(data),
  ...issuerScheme(data),
];

export interface SecretFiles {
  /** Secret of each client that names a file, by its index. */
  readonly secrets: ReadonlyMap<number, string>;
  readonly problems: readonly Problem[];
}

/** Reads every `secretFile`, cutting white space around the secret. `check` refuses what may not be a secret. */
export const readSecretFiles = (
  data: unknown,
  read: (path: string) => string,
  check: (secret: string) => string | undefined,
): SecretFiles => {
  const secrets = new Map<number, string>();
  const problems: Problem[] = [];
  for (const [index, client] of clientsOf(data).entries()) {
    const file = valueAt(client, ['secretFile']);
    if (typeof file !== 'string' || file === '') continue;
    const path: JsonPath = ['clients', index, 'secretFile'];
    try {
      const secret = read(file).trim();
      const reason = check(secret);
      if (reason === undefined) secrets.set(index, secret);
      else problems.push({ path, text: `holds a secret that can't be used: it ${reason}` });
    } catch (error) {
      problems.push({ path, text: `can't be read: ${readFailure(error)}` });
    }
  }
  return { secrets, problems };
};

const remedies: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file: create it, or correct the path',
  EACCES: 'permission denied: let the user that runs tsidp read it',
  EISDIR: 'it is a directory: name a file',
};

/** Why a file could not be read, with what to do; for people. */
export const readFailure = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return remedies[code] ?? (error instanceof Error ? error.message : String(error));
};
