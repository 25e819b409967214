import * as oidc from 'openid-client';
import { parseLossless } from '../../src/peer/lossless-json.ts';

export interface SignInOptions {
  /** As the provider spells it in its discovery document, e.g. `https://idp.example.ts.net`. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Where this app is reached, without a slash at the end. */
  readonly baseUrl: string;
}

/** What one attempt to sign in must remember until the browser comes back. */
export interface PendingSignIn {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

export interface SignedIn {
  readonly claims: Readonly<Record<string, unknown>>;
  readonly userinfo: Readonly<Record<string, unknown>>;
  readonly idToken: string;
}

/** OpenID Connect's authorization code flow with PKCE, as any web app does it with openid-client. */
export class SignIn {
  readonly #options: SignInOptions;
  #discovered: Promise<oidc.Configuration> | undefined;

  constructor(options: SignInOptions) {
    this.#options = options;
  }

  get #redirectUri(): string {
    return `${this.#options.baseUrl}/callback`;
  }

  /** Where to send the browser. @throws when the provider can't be discovered */
  async begin(): Promise<{ url: URL; pending: PendingSignIn }> {
    const configuration = await this.#discover();
    const codeVerifier = oidc.randomPKCECodeVerifier();
    const pending = { state: oidc.randomState(), nonce: oidc.randomNonce(), codeVerifier };
    const url = oidc.buildAuthorizationUrl(configuration, {
      redirect_uri: this.#redirectUri,
      scope: 'openid profile email groups',
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: 'S256',
    });
    return { url, pending };
  }

  /**
   * Checks the answer, redeems the code and asks for the userinfo.
   * @param search the query the browser came back with
   * @throws AuthorizationResponseError where the provider says no, ResponseBodyError where its token or userinfo
   *   endpoint does, ClientError where an answer can't be trusted
   */
  async finish(search: string, pending: PendingSignIn): Promise<SignedIn> {
    const configuration = await this.#discover();
    const tokens = await oidc.authorizationCodeGrant(
      configuration,
      new URL(`${this.#redirectUri}${search}`),
      {
        expectedState: pending.state,
        expectedNonce: pending.nonce,
        pkceCodeVerifier: pending.codeVerifier,
        idTokenExpected: true,
      },
    );
    const claims = tokens.claims();
    if (claims === undefined || tokens.id_token === undefined) {
      throw new Error('the provider sent no ID token');
    }
    // openid-client has checked the token; it is read once more because `claims()` rounds numbers beyond 2^53
    const [, payload = ''] = tokens.id_token.split('.');
    return {
      claims: object(Buffer.from(payload, 'base64url').toString()),
      userinfo: await fetchUserinfo(configuration, tokens.access_token, claims.sub),
      idToken: tokens.id_token,
    };
  }

  /** OpenID Connect RP-Initiated Logout 1.0, section 2. Undefined when the provider has no such endpoint. */
  async signOutUrl(idToken: string): Promise<URL | undefined> {
    const configuration = await this.#discover();
    if (configuration.serverMetadata().end_session_endpoint === undefined) return undefined;
    return oidc.buildEndSessionUrl(configuration, {
      id_token_hint: idToken,
      post_logout_redirect_uri: `${this.#options.baseUrl}/signed-out`,
    });
  }

  /** Asked once; a failure is asked again the next time, so that the app may start before its provider. */
  #discover(): Promise<oidc.Configuration> {
    const { issuer, clientId, clientSecret } = this.#options;
    this.#discovered ??= oidc
      .discovery(new URL(issuer), clientId, clientSecret, oidc.ClientSecretBasic(clientSecret), {
        // plain HTTP only where the operator's issuer says so: inside the tunnel, or on this machine
        execute: issuer.startsWith('http://') ? [oidc.allowInsecureRequests] : [],
        timeout: 5,
      })
      .catch((error: unknown) => {
        this.#discovered = undefined;
        throw error;
      });
    return this.#discovered;
  }
}

/** As openid-client's `fetchUserInfo`, with every digit of large numbers. */
async function fetchUserinfo(
  configuration: oidc.Configuration,
  accessToken: string,
  subject: string,
): Promise<Readonly<Record<string, unknown>>> {
  const { userinfo_endpoint } = configuration.serverMetadata();
  if (userinfo_endpoint === undefined) throw new Error('the provider has no userinfo endpoint');
  const url = new URL(userinfo_endpoint);
  const response = await oidc.fetchProtectedResource(configuration, accessToken, url, 'GET');
  if (!response.ok) throw new Error(`its userinfo endpoint answered ${response.status}`);
  const userinfo = object(await response.text());
  // OpenID Connect Core 1.0, section 5.3.2: an answer about somebody else must not be used
  if (userinfo['sub'] !== subject) throw new Error('its userinfo is about another subject');
  return userinfo;
}

function object(json: string): Readonly<Record<string, unknown>> {
  const value = parseLossless(json);
  if (typeof value !== 'object' || value === null) throw new Error('it sent no JSON object');
  return value as Record<string, unknown>;
}

/** What went wrong, for people: the provider's own `error` and `error_description` where it sent some. */
export function describeFailure(error: unknown): {
  status: number;
  error: string;
  error_description: string;
} {
  if (error instanceof oidc.AuthorizationResponseError) {
    return { status: 403, ...described(error) };
  }
  if (error instanceof oidc.ResponseBodyError) {
    return { status: error.error === 'access_denied' ? 403 : 502, ...described(error) };
  }
  if (error instanceof oidc.WWWAuthenticateChallengeError) {
    // RFC 6750, section 3: the error stands in the header
    const parameters = error.cause[0]?.parameters;
    return {
      status: error.status === 403 ? 403 : 502,
      ...described({
        error: parameters?.error ?? 'refused',
        error_description: parameters?.error_description,
      }),
    };
  }
  return {
    status: 502,
    error: 'provider_failed',
    error_description: `The sign-in provider gave no usable answer: ${reasons(error).join(': ')}.`,
  };
}

/** openid-client says what is wrong in the message of the cause. */
function reasons(error: unknown): string[] {
  return error instanceof Error ? [error.message, ...reasons(error.cause)] : [];
}

function described(error: { error: string; error_description?: string | undefined }) {
  return {
    error: error.error,
    error_description: error.error_description ?? 'The provider gave no reason.',
  };
}
