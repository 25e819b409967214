import { createHash, randomBytes } from 'node:crypto';
import { press } from '../../world/app.ts';
import { type Answer, Browser } from '../../world/browser.ts';
import { type Tokens, tokensOf } from '../../world/login.ts';
import type { Registered } from '../../world/register.ts';
import type { World } from '../../world/world.ts';

export interface Begun {
  readonly url: string;
  readonly verifier: string;
  readonly redirectUri: string;
}

/** The login of a client that registered itself, with PKCE. */
export function begin(world: World, client: Registered, redirectUri?: string): Begun {
  const verifier = randomBytes(32).toString('base64url');
  const uri = redirectUri ?? client.redirect_uris[0] ?? '';
  const query = new URLSearchParams({
    client_id: client.client_id,
    response_type: 'code',
    redirect_uri: uri,
    scope: 'openid profile email offline_access',
    state: 'state',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  return { url: `${world.issuer}/authorize?${query}`, verifier, redirectUri: uri };
}

/** Opens the login and presses the button of the page that such clients get. */
export async function authorize(world: World, begun: Begun, browser: Browser): Promise<Answer> {
  const answer = await browser.follow(begun.url);
  if (!answer.body.includes('<form')) return answer;
  return press(browser, answer, world, { action: 'allow' });
}

/** HTTP Basic where it has a secret, else `client_id` in the form. */
export function callAs(
  world: World,
  { client_id: id, client_secret: secret }: Registered,
  path: string,
  form: Record<string, string>,
): Promise<Answer> {
  const basic = Buffer.from(`${id}:${secret}`).toString('base64');
  return new Browser('127.0.0.9').open(`${world.issuer}${path}`, {
    form: secret === undefined ? { ...form, client_id: id } : form,
    headers: secret === undefined ? {} : { authorization: `Basic ${basic}` },
  });
}

export async function loginWith(
  world: World,
  client: Registered,
  browser = new Browser(),
  redirectUri?: string,
): Promise<Tokens> {
  const begun = begin(world, client, redirectUri);
  const answer = await authorize(world, begun, browser);
  const code = answer.location?.searchParams.get('code');
  if (!code) throw new Error(`no code: ${answer.status} ${answer.location} ${answer.body}`);
  return tokensOf(
    await callAs(world, client, '/token', {
      grant_type: 'authorization_code',
      code,
      code_verifier: begun.verifier,
      redirect_uri: begun.redirectUri,
    }),
  );
}

export function refreshWith(world: World, client: Registered, token: string): Promise<Answer> {
  return callAs(world, client, '/token', { grant_type: 'refresh_token', refresh_token: token });
}
