import Provider, { type AuthorizationCode, type DeviceCode } from 'oidc-provider';
import { bindingOf } from '../access/bound-grant.ts';
import { isOwnTrouble, refusalError } from '../access/errors.ts';
import type { ProviderSettings } from '../access/settings.ts';

/**
 * Asks who stands behind a code, an authorization code or a device's, before it is used up. oidc-provider asks
 * afterwards: while tailscaled is away the app would be told to try again, and its second try would count as a replay
 * (T31). There is no hook between the checks of a code and its use.
 */
export function patchCodeUse(
  provider: Provider,
  { settings }: { readonly settings: Pick<ProviderSettings, 'oracle'> },
): void {
  for (const { prototype } of [provider.AuthorizationCode, provider.DeviceCode]) {
    const { consume } = prototype;
    prototype.consume = async function consumeIfKnown(this: AuthorizationCode | DeviceCode) {
      const { ctx } = Provider;
      const binding = ctx && (await bindingOf(ctx, this.grantId));
      const identified = binding && (await settings.oracle.device(binding));
      if (identified && !identified.ok && isOwnTrouble(identified.refusal)) {
        throw refusalError(identified.refusal, false);
      }
      return consume.call(this);
    };
  }
}
