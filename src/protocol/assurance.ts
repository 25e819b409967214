/**
 * What a login here stands for (`acr`, OpenID Connect Core 2): the network vouches for the device, and the
 * tailnet's identity provider vouched for its owner when the device joined. There is no stronger one to offer.
 */
export const acrTailnet = 'urn:tsidp:acr:tailnet';
