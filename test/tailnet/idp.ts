import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { until } from '../world/until.ts';
import { type Program, start } from './program.ts';
import { type Answer, ask, type Device } from './socks.ts';

const main = new URL('../../src/main.ts', import.meta.url).pathname;
const client = {
  id: 'app',
  secret: 'a-secret-that-is-long-enough-000000',
  redirectUris: ['https://app.test/cb'],
};

export interface Idp extends AsyncDisposable {
  readonly issuer: URL;
  readonly program: Program;
}

/** Starts the daemon as its own process, and waits until it is ready. @param name of its log and state directory */
export async function startIdp(
  directory: string,
  name: string,
  config: Readonly<Record<string, unknown>>,
  withinMs = 60_000,
): Promise<Idp> {
  const own = mkdtempSync(join(directory, `${name}-`));
  const file = join(own, 'tsidp.jsonc');
  const written = { stateDirectory: join(own, 'state'), clients: [client], ...config };
  writeFileSync(file, JSON.stringify(written));
  const program = start(own, name, execPath, [main, '--config', file]);
  const ready = await until(
    `${name} is ready`,
    () => {
      if (program.hasEnded()) throw new Error(`${name} ended: ${program.said()}`);
      return program
        .said()
        .split('\n')
        .find((line) => line.includes('"msg":"ready"'));
    },
    withinMs,
  ).catch(async (error: unknown) => {
    await program.stop();
    throw new Error(`${name} did not start: ${program.said()}`, { cause: error });
  });
  const issuer = new URL((JSON.parse(ready) as { issuer: string }).issuer);
  return { issuer, program, [Symbol.asyncDispose]: () => program.stop() };
}

/** The daemon, reached at its node's address from one device. */
export interface Reached {
  readonly issuer: URL;
  readonly address: string;
}

export interface Tokens {
  readonly access: string;
  readonly refresh: string;
  /** Text of the ID token's claims, with numbers as they stand there. */
  readonly claims: string;
}

/** Goes to `/authorize` as a person's browser would; the answer, and the verifier to redeem its code with. */
export async function authorize(
  device: Device,
  { issuer, address }: Reached,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ answer: Answer; parameters: URLSearchParams; verifier: string }> {
  const verifier = randomBytes(32).toString('base64url');
  const url = new URL('/authorize', issuer);
  url.search = new URLSearchParams({
    client_id: client.id,
    redirect_uri: client.redirectUris[0] ?? '',
    response_type: 'code',
    scope: 'openid profile email groups offline_access',
    state: 's',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }).toString();
  const answer = await ask(device, address, url, { headers });
  return { answer, verifier, parameters: answer.location?.searchParams ?? new URLSearchParams() };
}

/** A form to an endpoint of the API, from an app's server with its secret. */
export function post(
  server: Device,
  { issuer, address }: Reached,
  path: string,
  form: Readonly<Record<string, string>>,
): Promise<Answer> {
  const credentials = { client_id: client.id, client_secret: client.secret };
  return ask(server, address, new URL(path, issuer), { form: { ...credentials, ...form } });
}

/** @throws Error with the answer when it brings no tokens */
export function tokensOf({ status, body }: Answer): Tokens {
  if (status !== 200) throw new Error(`no tokens: ${status} ${body}`);
  const read = JSON.parse(body) as Record<string, string>;
  const claims = Buffer.from(read['id_token']?.split('.')[1] ?? '', 'base64url').toString('utf8');
  return { access: read['access_token'] ?? '', refresh: read['refresh_token'] ?? '', claims };
}

/** A whole login: a person on one device, the app's server on another. */
export async function login(
  device: Device,
  server: Device,
  idp: Reached,
  headers: Readonly<Record<string, string>> = {},
): Promise<Tokens> {
  const { answer, parameters, verifier } = await authorize(device, idp, headers);
  const code = parameters.get('code');
  if (!code) throw new Error(`no code: ${answer.status} ${answer.location} ${answer.body}`);
  const form = {
    grant_type: 'authorization_code',
    code,
    code_verifier: verifier,
    redirect_uri: client.redirectUris[0] ?? '',
  };
  return tokensOf(await post(server, idp, '/token', form));
}

export function refresh(server: Device, idp: Reached, { refresh: token }: Tokens): Promise<Answer> {
  return post(server, idp, '/token', { grant_type: 'refresh_token', refresh_token: token });
}

export function userinfo(
  server: Device,
  { issuer, address }: Reached,
  { access }: Tokens,
): Promise<Answer> {
  const headers = { authorization: `Bearer ${access}` };
  return ask(server, address, new URL('/userinfo', issuer), { headers });
}
