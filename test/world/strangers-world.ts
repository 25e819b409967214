import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { systemClock } from '../../src/clock.ts';
import { openSqlite, type SqliteStore } from '../../src/store/sqlite/sqlite.ts';
import type { StoredClient } from '../../src/store/store.ts';
import { allowInPolicy } from './allow.ts';
import { type Answer, Browser } from './browser.ts';
import { json } from './login.ts';
import { clients, startWorld, type World } from './world.ts';

/** Clients that registered themselves, in a world with one MCP server; and what they do. */

export const mcp = 'https://mcp.test/mcp';
export const claude = 'https://claude.test/api/mcp/auth_callback';
export const local = 'http://127.0.0.1/callback';
export const cursor = 'cursor://anysphere.cursor-mcp/oauth/callback';
/** The first device is the one that requests come from by default. */
export const alicesPhone = '127.0.0.7';
export const bobs = '127.0.0.2';

export async function startStrangers(more: Record<string, unknown> = {}): Promise<World> {
  const world = await startWorld({
    whoisCacheSeconds: 0,
    clients,
    resources: [
      {
        uri: mcp,
        name: 'Files',
        scopes: { read_file: 'Read your files', run_code: 'Run code as you' },
        tokenFormat: 'opaque',
      },
    ],
    ...more,
  });
  world.simulator.addNode('alices-phone', {
    id: 30,
    user: 'alice@example.com',
    addresses: ['100.64.0.30'],
    loopback: alicesPhone,
  });
  grant(world, ['read_file', 'run_code']);
  await register(world, 'stranger');
  return world;
}

/** What alice and bob may do at the MCP server from now on. */
export function grant({ simulator }: World, scopes: readonly string[]): void {
  allowInPolicy(simulator, [
    { src: ['alice@example.com', 'bob@example.com'], scopes: [{ resource: mcp, scopes }] },
  ]);
}

/** Beside the daemon, as the commands do it. */
export async function inStore<T>(world: World, act: (store: SqliteStore) => Promise<T>) {
  const path = join(world.directory, 'state', 'tsidp.db');
  const store = openSqlite({ path, clock: systemClock });
  try {
    const result = await act(store);
    await store.committed();
    return result;
  } finally {
    await store.close();
  }
}

/** A public client as it stands in the store when it has registered itself, or replaces it. */
export async function register(
  world: World,
  id: string,
  metadata: StoredClient['metadata'] = {},
  source: StoredClient['source'] = 'dynamic',
  options: StoredClient['options'] = {},
): Promise<void> {
  await inStore(world, (store) =>
    store.clients.save({
      id,
      metadata: {
        client_name: 'Claude',
        redirect_uris: [claude, 'https://other.test/callback', local, cursor],
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        ...metadata,
      },
      options,
      secretVerifier: null,
      source,
      createdAt: 1_790_000_000,
      updatedAt: 1_790_000_000,
    }),
  );
}

export interface Asked {
  readonly browser: Browser;
  readonly parameters: Readonly<Record<string, string>>;
  readonly verifier: string;
  /** Where the browser was led, or the page that it shows. */
  readonly answer: Answer;
  /** Whether the person has to say something. */
  readonly isPage: boolean;
}

/** Sends a browser to `/authorize`, and on to the page where there is one. An empty value leaves a parameter out. */
export async function ask(
  { issuer }: World,
  more: Readonly<Record<string, string>> = {},
  browser = new Browser(),
): Promise<Asked> {
  const verifier = randomBytes(32).toString('base64url');
  const all = {
    client_id: 'stranger',
    redirect_uri: claude,
    response_type: 'code',
    scope: 'openid email read_file',
    resource: mcp,
    state: randomBytes(8).toString('hex'),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...more,
  };
  const parameters = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''));
  const answer = await browser.follow(`${issuer}/authorize?${new URLSearchParams(parameters)}`);
  return { browser, parameters, verifier, answer, isPage: isConsent(answer) };
}

export function isConsent({ status, body }: Answer): boolean {
  return status === 200 && body.includes('value="allow"');
}

/** What the page's form sends. */
export function formOf({ body }: Answer): { action: string; token: string } {
  const action = /<form [^>]*action="([^"]+)"/u.exec(body)?.[1] ?? '';
  const token = /name="token" value="([^"]+)"/u.exec(body)?.[1] ?? '';
  return { action, token };
}

/** Sends the form of the page; the 303 or error page that comes first. */
export function post(
  { issuer }: World,
  { browser, answer }: Pick<Asked, 'browser' | 'answer'>,
  form: Readonly<Record<string, string>> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const { action, token } = formOf(answer);
  return browser.open(new URL(action, issuer), {
    form: { token, action: 'allow', ...form },
    headers: { origin: issuer, 'sec-fetch-site': 'same-origin', ...headers },
  });
}

/** Presses a button, and follows the way back to the app. */
export async function press(world: World, asked: Asked, action = 'allow'): Promise<Asked> {
  const first = await post(world, asked, { action });
  const answer = first.location ? await asked.browser.follow(first.location) : first;
  return { ...asked, answer, isPage: isConsent(answer) };
}

export function outcome({ answer }: Pick<Asked, 'answer'>): Record<string, string> {
  return Object.fromEntries(answer.location?.searchParams ?? []);
}

export interface Issued {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly scope: readonly string[];
  readonly claims: Readonly<Record<string, unknown>>;
}

/** @throws Error when there is no code, or it brings no tokens */
export async function redeem({ issuer }: World, asked: Asked): Promise<Issued> {
  const { code } = outcome(asked);
  if (code === undefined) throw new Error(`no code: ${asked.answer.status} ${asked.answer.body}`);
  const { client_id: clientId = '', redirect_uri: redirectUri = '' } = asked.parameters;
  const answer = await new Browser('127.0.0.9').open(`${issuer}/token`, {
    form: {
      grant_type: 'authorization_code',
      client_id: clientId,
      redirect_uri: redirectUri,
      code,
      code_verifier: asked.verifier,
    },
  });
  if (answer.status !== 200) throw new Error(`no tokens: ${answer.status} ${answer.body}`);
  const body = json(answer) as Record<string, string | undefined>;
  const payload = body['id_token']?.split('.')[1] ?? '';
  return {
    accessToken: body['access_token'] ?? '',
    refreshToken: body['refresh_token'] ?? '',
    scope: (body['scope'] ?? '').split(' ').sort(),
    claims: payload === '' ? {} : JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')),
  };
}

/** Whether a refresh of these tokens is answered. */
export async function isRefreshed({ issuer }: World, { refreshToken }: Issued): Promise<boolean> {
  const answer = await new Browser('127.0.0.9').open(`${issuer}/token`, {
    form: { grant_type: 'refresh_token', client_id: 'stranger', refresh_token: refreshToken },
  });
  return answer.status === 200;
}
