import type { Agent } from 'node:http';
import { type Answer, type Call, call } from './call.ts';
import type { Way } from './way.ts';

/** One app's server, or one machine, on one connection. */
export interface Caller {
  readonly way: Way;
  readonly agent: Agent;
  readonly app: App;
  readonly resource: string;
  readonly signal: AbortSignal;
}

/** One request, checked. */
export type Ask = () => Promise<void>;

export interface TokenCase {
  readonly name: string;
  /** Gets what the requests need. */
  readonly begin: (caller: Caller) => Promise<Ask>;
}

export interface App {
  readonly config: Readonly<Record<string, unknown>>;
  readonly authorization: string;
}

const id = 'bench';
const redirectUri = 'https://app.test/callback';
const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';
/** The demo's CI machine. */
const machine = { loopback: '127.0.0.3', address: '100.64.0.5' };

export function appOf(): App {
  const secret = 'bench-secret-that-is-long-enough-000';
  return {
    config: {
      id,
      secret,
      redirectUris: [redirectUri],
      grantTypes: ['authorization_code', 'refresh_token', 'client_credentials', exchangeGrant],
    },
    authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
  };
}

/** As the app's server. @throws Error for every answer but 200 */
async function asApp({ way, agent, app, signal }: Caller, request: Call): Promise<Answer> {
  const headers = { authorization: app.authorization };
  return good(request, await call(way, agent, { ...request, headers }, signal));
}

function good({ path }: Call, answer: Answer): Answer {
  if (answer.status === 200) return answer;
  throw new Error(`${path} answered ${answer.status}: ${answer.body.slice(0, 500)}`);
}

type Tokens = Readonly<Record<'access_token' | 'refresh_token', string>>;

/** A login of alice's. */
async function login(caller: Caller, resource: string | undefined): Promise<Tokens> {
  const { way, agent, signal } = caller;
  const query = new URLSearchParams({
    client_id: id,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: resource === undefined ? 'openid profile email' : 'read',
    ...(resource === undefined ? {} : { resource }),
  });
  const { headers } = await call(way, agent, { path: `/authorize?${query}` }, signal);
  const code = new URL(headers.location ?? 'none:').searchParams.get('code') ?? '';
  const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri };
  return JSON.parse((await asApp(caller, { path: '/token', form })).body);
}

const introspection =
  (isJwt: boolean) =>
  async (caller: Caller): Promise<Ask> => {
    const { access_token: token } = await login(caller, isJwt ? caller.resource : undefined);
    return async () => {
      const { body } = await asApp(caller, { path: '/introspect', form: { token } });
      if (!body.includes('"active":true')) throw new Error('the token is not active');
    };
  };

const refresh =
  (isJwt: boolean) =>
  async (caller: Caller): Promise<Ask> => {
    let tokens = await login(caller, isJwt ? caller.resource : undefined);
    return async () => {
      const form = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token };
      tokens = JSON.parse((await asApp(caller, { path: '/token', form })).body);
    };
  };

export const tokenCases: readonly TokenCase[] = [
  {
    name: 'exchange',
    begin: async (caller) => {
      const { access_token: subject } = await login(caller, undefined);
      const form = {
        grant_type: exchangeGrant,
        subject_token: subject,
        subject_token_type: accessTokenType,
        resource: caller.resource,
      };
      return async () => void (await asApp(caller, { path: '/token', form }));
    },
  },
  {
    name: 'client-credentials-peer',
    begin: async ({ way, agent, signal }) => {
      const isForwarded = 'x-forwarded-for' in way.headers;
      const request = {
        path: '/token',
        form: { grant_type: 'client_credentials' },
        ...(isForwarded
          ? { headers: { 'x-forwarded-for': machine.address } }
          : { localAddress: machine.loopback }),
      };
      return async () => void good(request, await call(way, agent, request, signal));
    },
  },
  {
    name: 'client-credentials-secret',
    begin: async (caller) => {
      const form = { grant_type: 'client_credentials', resource: caller.resource };
      return async () => void (await asApp(caller, { path: '/token', form }));
    },
  },
  { name: 'introspection-opaque', begin: introspection(false) },
  { name: 'introspection-jwt', begin: introspection(true) },
  { name: 'refresh', begin: refresh(false) },
  { name: 'refresh-jwt', begin: refresh(true) },
];
