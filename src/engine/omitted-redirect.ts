import Provider, { type AuthorizationCode } from 'oidc-provider';
import type { Parameters } from '../protocol/parameters.ts';

/** In the place of what was left out; no client can register it. */
const omitted = 'urn:tsidp:omitted';

/**
 * OAuth 2.1 has no `redirect_uri` at the token endpoint where PKCE ties the code to its client (section 10.2 of its
 * draft 13); oidc-provider asks for one before it looks at the code. Changes `parameters` in place.
 */
export function markOmittedRedirect(parameters: Parameters): void {
  const { grant_type: type, redirect_uri: uri, code_verifier: verifier } = parameters;
  if (type === 'authorization_code' && uri === undefined && typeof verifier === 'string') {
    parameters['redirect_uri'] = omitted;
  }
}

/**
 * Lets what was left out be the one of the login. Only of a code with PKCE, whose verifier oidc-provider checks before
 * it compares redirect URIs; there is no hook where a code is found.
 */
export function patchOmittedRedirect(provider: Provider): void {
  const { AuthorizationCode: model } = provider;
  const { find } = model;
  model.find = async function findCode(this: typeof model, ...args: FindArguments) {
    const code = (await find.apply(this, args)) as AuthorizationCode | undefined;
    const params = Provider.ctx?.oidc.params;
    if (code?.codeChallenge && params?.['redirect_uri'] === omitted) {
      params['redirect_uri'] = code.redirectUri;
    }
    return code;
  } as typeof find;
}

type FindArguments = [string, object?];
