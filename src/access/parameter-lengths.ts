import { errors } from 'oidc-provider';
import type { Parameters } from '../protocol/parameters.ts';

/**
 * How many bytes of UTF-8 each parameter may have that is kept with a code, a page, a pushed request, a device code or
 * a logout (T39). Above all that real apps send: some put whole addresses with their own state into `state`.
 */
export const longestParameters: Readonly<Record<string, number>> = {
  state: 8192,
  nonce: 2048,
  scope: 4096,
  claims: 8192,
  client_id: 2048,
  redirect_uri: 4096,
  post_logout_redirect_uri: 4096,
  resource: 2048,
  id_token_hint: 16_384,
  login_hint: 1024,
  logout_hint: 1024,
  acr_values: 1024,
  claims_locales: 1024,
  ui_locales: 1024,
  code_challenge: 256,
  code_challenge_method: 64,
  dpop_jkt: 256,
  display: 64,
  max_age: 64,
  prompt: 256,
  response_mode: 64,
  response_type: 128,
  request_uri: 1024,
  // refused, whatever stands in them
  request: 16_384,
  registration: 16_384,
  tsidp: 64,
};

/** As many may stand in one request. */
const maxResources = 16;

/**
 * @throws errors.InvalidRequest naming the parameter that is too long. Answered here, not at the app: its own
 *   parameters are what can't be relied on.
 */
export function requireLengths(parameters: Parameters): void {
  for (const [name, longest] of Object.entries(longestParameters)) {
    const values = [parameters[name] ?? []].flat();
    const isLong = values.some((value) => Buffer.byteLength(value) > longest);
    if (isLong) throw new errors.InvalidRequest(`${name} is longer than ${longest} bytes`);
  }
  if (Array.isArray(parameters['resource']) && parameters['resource'].length > maxResources) {
    throw new errors.InvalidRequest(`there are more than ${maxResources} resources`);
  }
}
