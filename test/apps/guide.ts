import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createLocalJWKSet, type JWTPayload, jwtVerify } from 'jose';
import { parseHujson } from '../../src/simulator/hujson.ts';
import type { PolicyInput } from '../../src/simulator/policy-file.ts';
import { press } from '../world/app.ts';
import { type Answer, Browser } from '../world/browser.ts';
import { startWorld, type World } from '../world/world.ts';

export const secret = 'the-secret-that-a-file-would-hold';
export const alice = '127.0.0.1';
export const bob = '127.0.0.2';
/** Where apps' servers call from. */
const server = () => new Browser('127.0.0.9');

type Parameters = Readonly<Record<string, string>>;

interface GuideConfig {
  readonly clients: readonly Readonly<Record<string, unknown>>[];
}

/** The first block of this language in a guide. */
function block(guide: string, language: string): unknown {
  const text = readFileSync(new URL(`../../docs/apps/${guide}.md`, import.meta.url), 'utf8');
  const found = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'mu').exec(text)?.[1];
  if (found === undefined) throw new Error(`${guide}.md has no ${language}`);
  return parseHujson(found, `${guide}.md`);
}

/** A daemon that runs the guide's configuration under the guide's policy. */
export async function follow(guide: string): Promise<World> {
  const { clients, ...config } = block(guide, 'jsonc') as GuideConfig;
  const world = await startWorld({
    ...config,
    whoisCacheSeconds: 0,
    clients: clients.map(({ secretFile, ...client }) =>
      secretFile === undefined ? client : { ...client, secret },
    ),
  });
  world.simulator.setPolicy(block(guide, 'hujson') as PolicyInput);
  return world;
}

export interface SignIn {
  readonly clientId: string;
  readonly redirectUri: string;
  /** Beside `client_id`, `redirect_uri` and `response_type`. */
  readonly asks: Parameters;
  readonly pkce: boolean;
  /** `none`: a public client. */
  readonly authentication: 'basic' | 'post' | 'none';
  /** A page with a button comes first. */
  readonly confirms?: true;
}

export interface SignedIn {
  readonly idToken: JWTPayload;
  readonly userinfo: Readonly<Record<string, unknown>>;
  readonly tokens: Readonly<Record<string, unknown>>;
  /** What came back to the redirect URI. */
  readonly answer: URLSearchParams;
}

/** A login with exactly the parameters that an app sends; every token is verified as apps do. */
export async function signIn({ issuer }: World, address: string, app: SignIn): Promise<SignedIn> {
  const verifier = randomBytes(32).toString('base64url');
  const browser = new Browser(address);
  const query = {
    client_id: app.clientId,
    redirect_uri: app.redirectUri,
    response_type: 'code',
    ...app.asks,
    ...(app.pkce ? { code_challenge: s256(verifier), code_challenge_method: 'S256' } : {}),
  };
  const answer = await authorize(browser, issuer, query, app);
  const back = answer.location;
  // a bare origin and its path `/` are one URL (RFC 3986 6.2.3)
  if (!back || back.href.split('?')[0] !== new URL(app.redirectUri).href) {
    throw new Error(`not back at the app: ${answer.status} ${back?.href}`);
  }
  const { searchParams } = back;
  const code = searchParams.get('code');
  if (code === null) throw new Error(`denied: ${searchParams.get('error_description')}`);
  const tokens = await redeem(issuer, app, {
    code,
    ...(app.pkce ? { code_verifier: verifier } : {}),
  });
  const userinfo = await server().open(`${issuer}/userinfo`, {
    headers: { authorization: `Bearer ${String(tokens['access_token'])}` },
  });
  const idToken = await verify(issuer, String(tokens['id_token']), app.clientId);
  return { idToken, userinfo: JSON.parse(userinfo.body), tokens, answer: searchParams };
}

async function authorize(
  browser: Browser,
  issuer: string,
  query: Parameters,
  { confirms }: SignIn,
): Promise<Answer> {
  const url = `${issuer}/authorize?${new URLSearchParams(query)}`;
  if (!confirms) return browser.open(url);
  const page = await browser.follow(url);
  if (page.status !== 200) return page;
  return press(browser, page, { issuer } as World);
}

async function redeem(issuer: string, app: SignIn, more: Parameters) {
  const { clientId, redirectUri, authentication } = app;
  const basic = Buffer.from(`${clientId}:${secret}`).toString('base64');
  const answer = await server().open(`${issuer}/token`, {
    form: {
      grant_type: 'authorization_code',
      redirect_uri: redirectUri,
      ...(authentication === 'basic' ? {} : { client_id: clientId }),
      ...(authentication === 'post' ? { client_secret: secret } : {}),
      ...more,
    },
    headers: authentication === 'basic' ? { authorization: `Basic ${basic}` } : {},
  });
  if (answer.status !== 200) throw new Error(`no tokens: ${answer.status} ${answer.body}`);
  return JSON.parse(answer.body) as Record<string, unknown>;
}

async function verify(issuer: string, idToken: string, audience: string): Promise<JWTPayload> {
  const keys = await server().open(`${issuer}/.well-known/jwks.json`);
  const options = { issuer, audience, algorithms: ['RS256'] };
  const { payload } = await jwtVerify(idToken, createLocalJWKSet(JSON.parse(keys.body)), options);
  return payload;
}

function s256(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}
