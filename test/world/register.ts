import { readdirSync, readFileSync } from 'node:fs';
import { type Answer, Browser } from './browser.ts';

export type Metadata = Readonly<Record<string, unknown>>;

const directory = new URL('../fixtures/registration/', import.meta.url);

/** Registration bodies as clients send them, by the client's name. */
export const recorded: ReadonlyMap<string, Metadata> = new Map(
  readdirSync(directory).map((file) => [
    file.replace('.json', ''),
    JSON.parse(readFileSync(new URL(file, directory), 'utf8')),
  ]),
);

/** A public client that is called back at a web site, so that a login needs no page for the sake of its redirect. */
export const publicClient: Metadata = {
  client_name: 'An agent',
  redirect_uris: ['https://agent.test/cb'],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
};

export const confidentialClient: Metadata = {
  ...publicClient,
  token_endpoint_auth_method: 'client_secret_basic',
};

export function register(
  issuer: string,
  body: unknown = publicClient,
  browser = new Browser(),
  headers: Record<string, string> = {},
): Promise<Answer> {
  return browser.open(`${issuer}/register`, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });
}

/** What clients read of the answer. */
export interface Registered {
  readonly client_id: string;
  readonly client_secret?: string;
  readonly client_secret_expires_at?: number;
  readonly client_id_issued_at: number;
  readonly registration_access_token: string;
  readonly registration_client_uri: string;
  readonly redirect_uris: readonly string[];
  readonly [member: string]: unknown;
}

/** @throws Error with the whole answer when nothing was registered */
export function registeredIn(answer: Answer): Registered {
  if (answer.status !== 201) throw new Error(`not registered: ${answer.status} ${answer.body}`);
  return JSON.parse(answer.body);
}

export async function registered(
  issuer: string,
  body: unknown = publicClient,
  browser = new Browser(),
): Promise<Registered> {
  return registeredIn(await register(issuer, body, browser));
}

/** RFC 7592, with the registration access token. */
export function manage(
  { registration_client_uri: uri, registration_access_token: token }: Registered,
  method: 'GET' | 'PUT' | 'DELETE',
  body?: unknown,
): Promise<Answer> {
  return new Browser('127.0.0.9').open(uri, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
  });
}
