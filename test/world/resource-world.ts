import type { Allowance } from './allow.ts';
import { Browser } from './browser.ts';
import { json, login } from './login.ts';
import { clients, type World } from './world.ts';

export const mcp = 'https://mcp.test/mcp';
export const notes = 'https://notes.test';
export const resourceServer = { id: 'mcp-server', secret: 'mcp-server-secret-that-is-long-enough' };

export const configuration = {
  whoisCacheSeconds: 0,
  clients: [
    ...clients,
    { ...resourceServer, redirectUris: ['https://mcp.test/cb'] },
    { id: 'narrow', redirectUris: ['https://narrow.test/cb'], scopes: ['openid', 'read_file'] },
  ],
  resources: [
    {
      uri: mcp,
      name: 'Files',
      scopes: { read_file: 'Read files', run_code: 'Run code', list: 'See what there is' },
      openScopes: ['list'],
      claims: ['email', 'groups'],
      clients: [resourceServer.id],
      ttlSeconds: 120,
    },
    { uri: notes, scopes: { notes: 'Read notes' }, tokenFormat: 'opaque', algorithm: 'ES256' },
    { uri: 'https://es256.test/', algorithm: 'ES256' },
  ],
};

export const all: readonly Allowance[] = [
  { src: ['alice@example.com'], scopes: [{ resource: mcp, scopes: ['read_file', 'run_code'] }] },
  { src: ['alice@example.com'], scopes: [{ resource: notes, scopes: ['notes'] }] },
  { src: ['bob@example.com'], scopes: [{ resource: `${notes}/`, scopes: ['*'] }] },
  { src: ['alice@example.com'], users: ['*'], resources: ['https://granted.test/x'] },
];

/** What an app or a resource server is known by. */
interface Credentials {
  readonly id: string;
  readonly secret: string;
}

export const grafana: Credentials = { id: 'grafana', secret: clients[0]?.secret ?? '' };
/** A confidential client that is no resource. */
export const post: Credentials = { id: 'post', secret: clients[1]?.secret ?? '' };

/** A form that a server sends with HTTP Basic credentials. */
export function send(
  world: World,
  path: string,
  form: Record<string, string>,
  { id, secret }: Credentials = resourceServer,
) {
  const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
  return new Browser('127.0.0.9').open(`${world.issuer}${path}`, {
    form,
    headers: { authorization },
  });
}

export async function introspect(world: World, token: string, client?: Credentials) {
  return json(await send(world, '/introspect', { token }, client));
}

/** A login of Grafana's with a token for the MCP server, unless `more` names another resource. */
export function tokensFor(world: World, more: Record<string, string> = {}, address?: string) {
  return login(new Browser(address), world.issuer, 'grafana', { resource: mcp, ...more });
}
