import { createHash, randomBytes } from 'node:crypto';
import { decodeJwt } from 'jose';
import { type Answer, Browser } from './browser.ts';
import { clients } from './world.ts';

export type Parameters = Record<string, string>;

/** One app's half of a login: what it keeps until the browser comes back. */
export interface Attempt {
  readonly clientId: string;
  readonly url: URL;
  readonly parameters: Parameters;
  readonly verifier: string;
}

export interface Code {
  readonly code: string;
  readonly attempt: Attempt;
}

export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly idToken: string;
  readonly scope: string;
  /** Of the ID token, where there is one. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Where the apps' servers call from: an address that is nobody's, because it must not matter. */
const server = () => new Browser('127.0.0.9');

export const scopes = 'openid profile email groups offline_access';

const clientOf = (id: string) => {
  const client = clients.find((one) => one.id === id);
  if (!client) throw new Error(`the world has no client "${id}"`);
  return client;
};

/** An authorization request with PKCE. An empty value in `more` leaves the parameter out. */
export function attempt(issuer: string, clientId: string, more: Parameters = {}): Attempt {
  const verifier = randomBytes(32).toString('base64url');
  const all = {
    client_id: clientId,
    redirect_uri: clientOf(clientId).redirectUris[0] ?? '',
    response_type: 'code',
    scope: scopes,
    state: randomBytes(8).toString('hex'),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...more,
  };
  const parameters = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''));
  const url = new URL('/authorize', issuer);
  url.search = new URLSearchParams(parameters).toString();
  return { clientId, url, parameters, verifier };
}

/** Goes to `/authorize` and takes the code from the redirect. */
export async function codeFor(
  browser: Browser,
  issuer: string,
  clientId = 'grafana',
  more: Parameters = {},
): Promise<Code> {
  const begun = attempt(issuer, clientId, more);
  const answer = await browser.open(begun.url);
  const code = answer.location?.searchParams.get('code');
  if (!code) {
    const page = answer.body.replace(/<head>.*<\/head>/s, '');
    throw new Error(`no code: ${answer.status} ${answer.location} ${page}`);
  }
  return { code, attempt: begun };
}

/** The client's credentials, as HTTP Basic or, for a public client, in the form. */
function authenticate(id: string): { form: Parameters; headers: Parameters } {
  const { secret } = clientOf(id);
  if (secret === undefined) return { form: { client_id: id }, headers: {} };
  const basic = Buffer.from(`${id}:${secret}`).toString('base64');
  return { form: {}, headers: { authorization: `Basic ${basic}` } };
}

/** A form of an authenticated client to one of the API endpoints. */
export function call(
  issuer: string,
  path: string,
  clientId: string,
  form: Parameters,
): Promise<Answer> {
  const { form: credentials, headers } = authenticate(clientId);
  return server().open(new URL(path, issuer), { form: { ...credentials, ...form }, headers });
}

export function redeem(issuer: string, { code, attempt: begun }: Code): Promise<Answer> {
  return call(issuer, '/token', begun.clientId, {
    grant_type: 'authorization_code',
    code,
    code_verifier: begun.verifier,
    redirect_uri: begun.parameters['redirect_uri'] ?? '',
  });
}

export function refresh(
  issuer: string,
  refreshToken: string,
  clientId = 'grafana',
  more: Parameters = {},
): Promise<Answer> {
  const form = { grant_type: 'refresh_token', refresh_token: refreshToken, ...more };
  return call(issuer, '/token', clientId, form);
}

export function userinfo(issuer: string, accessToken: string): Promise<Answer> {
  const headers = { authorization: `Bearer ${accessToken}` };
  return server().open(new URL('/userinfo', issuer), { headers });
}

/** Whether introspection calls the token active. */
export async function isActive(
  issuer: string,
  token: string,
  clientId = 'grafana',
): Promise<boolean> {
  return json(await call(issuer, '/introspect', clientId, { token }))['active'] === true;
}

export function json(answer: Answer): Readonly<Record<string, unknown>> {
  return JSON.parse(answer.body);
}

/** @throws Error with the whole answer when it brings no tokens */
export function tokensOf(answer: Answer): Tokens {
  if (answer.status !== 200) throw new Error(`no tokens: ${answer.status} ${answer.body}`);
  const body = json(answer) as Record<string, string | undefined>;
  const idToken = body['id_token'] ?? '';
  return {
    accessToken: body['access_token'] ?? '',
    refreshToken: body['refresh_token'] ?? '',
    scope: body['scope'] ?? '',
    idToken,
    claims: idToken === '' ? {} : decodeJwt(idToken),
  };
}

/** A whole clickless login: redirect, code, tokens. */
export async function login(
  browser: Browser,
  issuer: string,
  clientId = 'grafana',
  more: Parameters = {},
): Promise<Tokens> {
  return tokensOf(await redeem(issuer, await codeFor(browser, issuer, clientId, more)));
}

/** The `sub` of a code's ID token: whom the app would take the browser for. */
export async function subjectOfCode(issuer: string, code: Code): Promise<unknown> {
  return tokensOf(await redeem(issuer, code)).claims['sub'];
}

/** What an API endpoint's error is called, with its status: `400 invalid_grant`. */
export function failure(answer: Answer): string {
  return answer.status === 200 ? '200' : `${answer.status} ${String(json(answer)['error'])}`;
}
