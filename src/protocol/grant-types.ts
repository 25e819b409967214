/** RFC 8628 3.4 */
export const deviceCodeGrant = 'urn:ietf:params:oauth:grant-type:device_code';

export const tokenExchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';

/** Grant types that a client may give itself. */
export const registrableGrantTypes: readonly string[] = ['authorization_code', 'refresh_token'];
