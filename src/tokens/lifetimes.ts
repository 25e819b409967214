import { type Client, type Configuration, errors, type ResourceServer } from 'oidc-provider';
import { codeSecondsOf } from '../access/client-security.ts';
import { lifetimeOf } from '../access/client-settings.ts';
import type { ProviderSettings } from '../access/settings.ts';

/** Seconds that each of oidc-provider's artefacts lives. */
export function lifetimes(settings: ProviderSettings): NonNullable<Configuration['ttl']> {
  const of = (name: Parameters<typeof lifetimeOf>[0], client: Client | undefined) =>
    lifetimeOf(name, client, settings);
  const accessSeconds = (resource: ResourceServer | undefined, client: Client | undefined) =>
    resource?.accessTokenTTL ?? of('accessTokenSeconds', client);
  return {
    AccessToken: (_ctx, token, client) => accessSeconds(token.resourceServer, client),
    ClientCredentials: (_ctx, token, client) => accessSeconds(token.resourceServer, client),
    AuthorizationCode: (_ctx, _code, client) => codeSecondsOf(client, settings),
    // outlives what hangs on it; the store extends it at each rotation
    Grant: (ctx) => {
      const { client, route } = ctx.oidc;
      const resources = Object.values(ctx.oidc.resourceServers ?? {});
      const accessTokens = [
        of('accessTokenSeconds', client),
        ...resources.map((resource) => accessSeconds(resource, client)),
      ];
      // one access token alone hangs on what is made there: of an exchange, or a client's own
      if (route === 'token') return Math.max(...accessTokens) + 60;
      const refreshSeconds = client?.grantTypeAllowed('refresh_token')
        ? of('refreshIdleSeconds', client)
        : 0;
      const codeSeconds = ctx.oidc.deviceCode?.remainingTTL ?? codeSecondsOf(client, settings);
      return Math.max(refreshSeconds, ...accessTokens) + codeSeconds + 60;
    },
    DeviceCode: settings.lifetimes.deviceCodeSeconds,
    IdToken: (_ctx, _token, client) => of('idTokenSeconds', client),
    Interaction: settings.lifetimes.interactionSeconds,
    RefreshToken: (_ctx, token, client) => {
      const now = settings.clock.nowSeconds();
      // a clock that was set back makes no life longer
      const left = Math.min(token.iiat ?? now, now) + of('refreshAbsoluteSeconds', client) - now;
      if (left <= 0) throw new errors.InvalidGrant('refresh token is expired');
      return Math.min(of('refreshIdleSeconds', client), left);
    },
    // nobody's: anybody can have any number of them
    Session: (_ctx, { accountId }) =>
      settings.lifetimes[accountId === undefined ? 'interactionSeconds' : 'sessionSeconds'],
  };
}
