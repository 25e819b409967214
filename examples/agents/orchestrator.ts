import { createHash, randomBytes } from 'node:crypto';
import { jsonOf, requestFrom } from './from.ts';

export interface OrchestratorOptions {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUri: string;
  /** The address of the device that alice starts it on. */
  readonly address: string;
  /** The agent that gets the work. */
  readonly agent: string;
}

/**
 * Alice's login, as her browser and the app behind it do it: one redirect with a code, and the code for a token that
 * the agent alone accepts (RFC 8707).
 */
export async function logIn(options: OrchestratorOptions): Promise<string> {
  const { issuer, clientId, clientSecret, redirectUri, address, agent } = options;
  const verifier = randomBytes(32).toString('base64url');
  const url = new URL('/authorize', issuer);
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: 'read_file',
    resource: agent,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }).toString();
  const { headers, body } = await requestFrom(address, { url });
  const code = headers.location && new URL(headers.location).searchParams.get('code');
  if (!code) throw new Error(`no code: ${headers.location ?? body}`);
  const answer = await requestFrom(address, {
    url: `${issuer}/token`,
    headers: {
      authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`,
    },
    form: {
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
    },
  });
  return String(jsonOf(answer)['access_token']);
}

/** Hands the work to the agent. */
export async function startWork(options: OrchestratorOptions, token: string): Promise<string> {
  const answer = await requestFrom(options.address, {
    url: options.agent,
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
  });
  return String(jsonOf(answer)['text']);
}
