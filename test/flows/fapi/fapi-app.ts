import { KeyObject } from 'node:crypto';
import * as oidc from 'openid-client';
import { press } from '../../world/app.ts';
import { type Answer, Browser } from '../../world/browser.ts';
import type { World } from '../../world/world.ts';
import { assertionType, claimsFor, signed } from '../client-authentication/assertion-app.ts';

type Form = Record<string, string>;

export const redirectUri = 'https://bank.test/cb';

export const newKeys = () => oidc.randomDPoPKeyPair('ES256', { extractable: true });
export type Keys = Awaited<ReturnType<typeof newKeys>>;

export const jwksOf = async ({ publicKey }: Keys) => ({
  keys: [await crypto.subtle.exportKey('jwk', publicKey)],
});

/** An app as FAPI 2.0 has it: openid-client with pushed requests, PKCE, assertions and DPoP. */
export class FapiApp {
  readonly config: oidc.Configuration;
  readonly #world: World;
  readonly #keys: Keys;
  readonly #id: string;

  constructor(config: oidc.Configuration, world: World, keys: Keys, id: string) {
    this.config = config;
    this.#world = world;
    this.#keys = keys;
    this.#id = id;
  }

  static async open(
    world: World,
    id: string,
    keys: Keys,
    authentication: oidc.ClientAuth = oidc.PrivateKeyJwt(keys.privateKey),
  ) {
    const metadata = { id_token_signed_response_alg: 'ES256' };
    const config = await oidc.discovery(new URL(world.issuer), id, metadata, authentication, {
      execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks],
    });
    return new FapiApp(config, world, keys, id);
  }

  async handle(keys: Keys): Promise<oidc.DPoPHandle> {
    return oidc.getDPoPHandle(this.config, keys);
  }

  /** A login up to the redirect with the code. */
  async visit(browser = new Browser(), DPoP?: oidc.DPoPHandle) {
    const verifier = oidc.randomPKCECodeVerifier();
    const state = oidc.randomState();
    const parameters = {
      redirect_uri: redirectUri,
      scope: 'openid profile offline_access',
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
    };
    const url = await oidc.buildAuthorizationUrlWithPAR(
      this.config,
      parameters,
      DPoP ? { DPoP } : {},
    );
    let answer = await browser.follow(url);
    if (answer.body.includes('<form')) {
      answer = await press(browser, answer, this.#world, { action: 'allow' });
    }
    if (!answer.location) throw new Error(`no redirect but ${answer.status}: ${answer.body}`);
    const checks = { pkceCodeVerifier: verifier, expectedState: state, idTokenExpected: true };
    return { url: answer.location, checks };
  }

  async redeem({ url, checks }: Awaited<ReturnType<FapiApp['visit']>>, DPoP?: oidc.DPoPHandle) {
    return oidc.authorizationCodeGrant(this.config, url, checks, {}, DPoP ? { DPoP } : {});
  }

  async refresh(token: string, DPoP?: oidc.DPoPHandle) {
    return oidc.refreshTokenGrant(this.config, token, {}, DPoP ? { DPoP } : {});
  }

  /** A POST with an assertion of these claims. */
  async post(path: string, form: Form, claims = {}, headers: Form = {}): Promise<Answer> {
    const key = { privateKey: KeyObject.from(this.#keys.privateKey) };
    const assertion = await signed(claimsFor(this.#world, this.#id, claims), key, 'ES256');
    return new Browser('127.0.0.9').open(`${this.#world.issuer}${path}`, {
      form: { client_assertion: assertion, client_assertion_type: assertionType, ...form },
      headers,
    });
  }
}

/** `error: description` of what openid-client was answered. */
export async function refusalOf(answer: Promise<unknown>): Promise<string> {
  try {
    await answer;
  } catch (error) {
    if (error instanceof oidc.ResponseBodyError) {
      return `${error.error}: ${error.error_description}`;
    }
    throw error;
  }
  return 'taken';
}
