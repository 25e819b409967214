import type { Configuration } from 'oidc-provider';
import { needsPkce } from '../access/client-security.ts';
import type { ProviderSettings } from '../access/settings.ts';
import { checkAssertion } from './client-assertion.ts';
import { rotateRefreshToken } from './kept-refresh-token.ts';
import { takeRefresh } from './refresh-rate.ts';

type Hooks = 'assertJwtClientAuthClaimsAndHeader' | 'pkce' | 'rotateRefreshToken';

/** oidc-provider's hooks that ask what a client is held to. */
export const clientDemands = (settings: ProviderSettings): Pick<Configuration, Hooks> => ({
  assertJwtClientAuthClaimsAndHeader: (ctx, claims, header, client) =>
    checkAssertion(ctx, { claims, header, client }, settings),
  pkce: { required: (_ctx, client) => needsPkce(client) },
  rotateRefreshToken: async (ctx) => {
    takeRefresh(ctx, settings);
    return rotateRefreshToken(ctx);
  },
});
