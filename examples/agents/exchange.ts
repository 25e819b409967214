import { jsonOf, requestFrom } from './from.ts';

/**
 * A token that an agent may use at another resource, for the one that it was called with (RFC 8693). The agent sends
 * no secret: it calls from its own machine, and the new token says that it acts.
 * @throws Error with the provider's reason when it may not
 */
export async function exchangeToken(
  issuer: string,
  { address, token, resource }: { address: string; token: string; resource: string },
): Promise<string> {
  const answer = await requestFrom(address, {
    url: `${issuer}/token`,
    form: {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      resource,
    },
  });
  return String(jsonOf(answer)['access_token']);
}
