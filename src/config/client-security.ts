import { z } from 'zod';
import { oneOf } from '../schema/fields.ts';
import { option } from '../schema/option.ts';
import { type Credentials, hasKeys, isPublic, type Refuse } from './client-check.ts';

/** How strictly an app is held to what it could do: each demand by itself, or those of a profile together. */

const toggle = (description: string) =>
  option(z.boolean({ error: 'must be true or false' }).optional().describe(description), {
    since: '0.2.0',
  });

export const maxFapiCodeSeconds = 60;

/** What only we enforce; kept as options of the client. */
export const securityOptions = {
  profile: option(
    oneOf(['fapi2'])
      .optional()
      .describe(
        'fapi2: the FAPI 2.0 Security Profile with private_key_jwt and DPoP. It turns on the five demands that follow, signs ID tokens with ES256, lets codes live 60 seconds at most, and takes no assertions with RS256. It needs keys.',
      ),
    { since: '0.2.0' },
  ),
  requirePkce: toggle(
    'Logins without PKCE (RFC 7636) are refused. Public clients need it anyway. Default: false.',
  ),
  rotateRefreshTokens: toggle(
    'false: a refresh token is used again and again, until it ends. For apps with credentials or dpopBoundAccessTokens only, where a stolen one is worth nothing by itself. Default: true.',
  ),
  assertionAudience: option(
    oneOf(['issuer', 'endpoint'])
      .optional()
      .describe(
        'Whom the assertions of an app with keys are for. issuer: the issuer alone, as one string. endpoint (the default): also the URL of the endpoint, or a list.',
      ),
    { since: '0.2.0' },
  ),
};

/** What RFC 9126 and RFC 9449 have members of client metadata for. */
export const securityMetadata = {
  requirePushedAuthorizationRequests: toggle(
    'Logins that were not pushed before (PAR, RFC 9126) are refused. Default: false.',
  ),
  dpopBoundAccessTokens: toggle(
    'Token requests without a DPoP proof (RFC 9449) are refused, so every access token is bound to a key. Default: false.',
  ),
};

const demands = z.object({ ...securityOptions, ...securityMetadata });
type Demands = z.output<typeof demands>;

const fapi2 = {
  requirePushedAuthorizationRequests: true,
  requirePkce: true,
  dpopBoundAccessTokens: true,
  assertionAudience: 'issuer',
  rotateRefreshTokens: false,
  idTokenAlgorithm: 'ES256',
} as const;

interface Declared extends Credentials, Demands {
  readonly idTokenAlgorithm?: 'RS256' | 'ES256' | 'EdDSA' | undefined;
  readonly lifetimes?: { readonly codeSeconds?: number | undefined } | undefined;
}

type Settled = Demands & { readonly idTokenAlgorithm: 'RS256' | 'ES256' | 'EdDSA' };

/** The demands of an app, with those of its profile. */
export function settleSecurity(client: Declared): Settled {
  const { idTokenAlgorithm = 'RS256' } = client;
  if (client.profile === undefined) return { idTokenAlgorithm };
  return { ...fapi2, idTokenAlgorithm: client.idTokenAlgorithm ?? fapi2.idTokenAlgorithm };
}

export function checkSecurity(client: Declared, refuse: Refuse): void {
  const { rotateRefreshTokens, dpopBoundAccessTokens } = client;
  if (client.assertionAudience !== undefined && !hasKeys(client)) {
    refuse('assertionAudience', 'needs keys: add "jwks" or "jwksUri", or remove this line');
  }
  if (client.requirePkce === false && isPublic(client)) {
    refuse('requirePkce', 'must not be false for a public client: remove this line');
  }
  if (rotateRefreshTokens === false && isPublic(client) && dpopBoundAccessTokens !== true) {
    refuse(
      'rotateRefreshTokens',
      'must stand with credentials or "dpopBoundAccessTokens": true, or a stolen refresh token would do for years unseen',
    );
  }
  if (client.profile === 'fapi2') checkFapi2(client, refuse);
}

function checkFapi2(client: Declared, refuse: Refuse): void {
  if (!hasKeys(client)) {
    refuse('profile', 'needs keys: add "jwks" or "jwksUri" (private_key_jwt)');
  }
  for (const member of ['rotateRefreshTokens', 'assertionAudience', ...demanded] as const) {
    const value = client[member];
    if (value === undefined || value === fapi2[member]) continue;
    refuse(member, 'cannot be combined with "profile": "fapi2", which has it otherwise: remove it');
  }
  if (client.idTokenAlgorithm === 'RS256') {
    refuse('idTokenAlgorithm', 'must be "ES256" or "EdDSA" with "profile": "fapi2"');
  }
  if ((client.lifetimes?.codeSeconds ?? 0) > maxFapiCodeSeconds) {
    refuse('lifetimes', `must name 60 codeSeconds at most with "profile": "fapi2"`);
  }
}

const demanded = [
  'requirePkce',
  'requirePushedAuthorizationRequests',
  'dpopBoundAccessTokens',
] as const;
