import Provider, { type AuthorizationCode } from 'oidc-provider';
import { bindingOf } from '../access/bound-grant.ts';
import { isOwnTrouble, refusalError } from '../access/errors.ts';
import type { ProviderSettings } from '../access/settings.ts';

/**
 * Asks who stands behind a code before the code is used up. oidc-provider asks afterwards: while tailscaled is away
 * the app would be told to try again, and its second try would count as a replay (T31). There is no hook between
 * the checks of a code and its use.
 */
export function keepCodes(provider: Provider, settings: ProviderSettings): void {
  const { prototype } = provider.AuthorizationCode;
  const original = prototype.consume;
  prototype.consume = async function consume(this: AuthorizationCode) {
    const { ctx } = Provider;
    const binding = ctx && (await bindingOf(ctx, this.grantId));
    const identified = binding && (await settings.oracle.device(binding));
    if (identified && !identified.ok && isOwnTrouble(identified.refusal)) {
      throw refusalError(identified.refusal, false);
    }
    return original.call(this);
  };
}
