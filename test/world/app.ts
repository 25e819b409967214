import * as oidc from 'openid-client';
import { type Answer, Browser } from './browser.ts';
import { clients, type World } from './world.ts';

type Parameters = Record<string, string>;
type ClientId = (typeof clients)[number]['id'];

export const clientOf = (id: ClientId): (typeof clients)[number] => {
  const client = clients.find((one) => one.id === id);
  if (!client) throw new Error(`the world has no client ${id}`);
  return client;
};

export const secretOf = (id: ClientId): string => clientOf(id).secret ?? '';
export const redirectOf = (id: ClientId): string => clientOf(id).redirectUris[0] ?? '';

/** HTTP Basic credentials as RFC 6749 2.3.1 encodes them. */
export const basic = (id: ClientId, secret = secretOf(id)): { authorization: string } => {
  const text = `${encodeURIComponent(id)}:${encodeURIComponent(secret)}`;
  return { authorization: `Basic ${Buffer.from(text).toString('base64')}` };
};

/** Bearer token of RFC 6750 2.1. */
export const bearer = (token: string): { authorization: string } => ({
  authorization: `Bearer ${token}`,
});

export interface Visit {
  /** Where the browser was led, or the page that it shows. */
  readonly answer: Answer;
  /** What the app kept to check the answer with. */
  readonly checks: oidc.AuthorizationCodeGrantChecks;
}

export type Tokens = Awaited<ReturnType<typeof oidc.authorizationCodeGrant>>;

/** An app as real ones are built: openid-client, discovery, PKCE, state and nonce, signatures verified. */
export class App {
  readonly id: ClientId;
  readonly config: oidc.Configuration;
  readonly #world: World;

  constructor(id: ClientId, config: oidc.Configuration, world: World) {
    this.id = id;
    this.config = config;
    this.#world = world;
  }

  /** Sends a person's browser to the login. A parameter given as '' is left out. */
  async visit(browser: Browser, parameters: Parameters = {}): Promise<Visit> {
    const verifier = oidc.randomPKCECodeVerifier();
    const state = parameters['state'] ?? oidc.randomState();
    const nonce = parameters['nonce'] ?? oidc.randomNonce();
    const all = {
      redirect_uri: redirectOf(this.id),
      scope: 'openid profile email',
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...parameters,
      state,
      nonce,
    };
    const present = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''));
    const url = oidc.buildAuthorizationUrl(this.config, present);
    const checks = {
      pkceCodeVerifier: verifier,
      expectedState: state,
      ...(nonce === '' ? {} : { expectedNonce: nonce }),
      idTokenExpected: true,
    };
    return { answer: await browser.open(url), checks };
  }

  /** Redeems the code that a redirect brought. */
  async redeem({ answer, checks }: Visit): Promise<Tokens> {
    if (!answer.location) throw new Error(`no redirect but ${answer.status}: ${answer.body}`);
    return oidc.authorizationCodeGrant(this.config, answer.location, checks);
  }

  async login(browser = new Browser(), parameters: Parameters = {}): Promise<Tokens> {
    return this.redeem(await this.visit(browser, parameters));
  }

  /** A raw POST of this client to an endpoint, with its own credentials unless others are given. */
  async post(path: string, form: Parameters, headers: Parameters = basic(this.id)) {
    return new Browser().open(`${this.#world.issuer}${path}`, { form, headers });
  }
}

/** A code without PKCE, as confidential clients that know nothing of it get one. */
export async function codeFor(
  world: World,
  id: string,
  redirectUri: string,
  browser = new Browser(),
): Promise<string> {
  const query = { client_id: id, response_type: 'code', redirect_uri: redirectUri };
  const answer = await browser.open(`${world.issuer}/authorize?${new URLSearchParams(query)}`);
  const code = parameters(answer)['code'];
  if (code === undefined) throw new Error(`no code: ${answer.status} ${answer.location}`);
  return code;
}

/** @param authentication how it authenticates, where not as it is registered */
export async function openApp(
  world: World,
  id: ClientId,
  authentication?: oidc.ClientAuth,
): Promise<App> {
  const { secret, idTokenAlgorithm } = clientOf(id);
  const metadata = { id_token_signed_response_alg: idTokenAlgorithm ?? 'RS256' };
  const usual = secret === undefined ? oidc.None() : oidc.ClientSecretBasic(secret);
  const config = await oidc.discovery(
    new URL(world.issuer),
    id,
    metadata,
    authentication ?? usual,
    { execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks] },
  );
  return new App(id, config, world);
}

/** Presses a button of a page of ours, as a browser does, and follows the way back to the app. */
export async function press(
  browser: Browser,
  page: Answer,
  world: Pick<World, 'issuer'>,
  button: Parameters = { action: 'continue' },
): Promise<Answer> {
  const action = /<form [^>]*action="([^"]+)"/.exec(page.body)?.[1];
  if (action === undefined) throw new Error(`no form on the page: ${page.status} ${page.body}`);
  const hidden = [...page.body.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)];
  const form = Object.fromEntries(hidden.map(([, name = '', value = '']) => [name, value]));
  return browser.follow(new URL(action, world.issuer), {
    form: { ...form, ...button },
    headers: { origin: world.issuer, 'sec-fetch-site': 'same-origin' },
  });
}

/** The page that a redirect on our own origin leads to. */
export async function pageAfter(browser: Browser, { answer }: Visit): Promise<Answer> {
  return answer.location ? browser.follow(answer.location) : answer;
}

export const parameters = (answer: Answer): Parameters =>
  Object.fromEntries(answer.location?.searchParams ?? []);

export const json = (answer: Answer): Record<string, unknown> => {
  const body: unknown = JSON.parse(answer.body);
  if (typeof body !== 'object' || body === null) throw new Error(`no object: ${answer.body}`);
  return { ...body };
};
