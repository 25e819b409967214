import Provider, { type DeviceCode, errors } from 'oidc-provider';
import { bindingOf } from '../access/bound-grant.ts';
import { isOwnTrouble, refusalError } from '../access/errors.ts';
import type { ProviderSettings } from '../access/settings.ts';
import { tokenName } from '../tokens/token-name.ts';

interface DeviceCodeModel {
  find(value: unknown, options?: object): Promise<DeviceCode | undefined>;
}

/**
 * What oidc-provider leaves out when a device code is presented, and has no hook for:
 * - a client that polls too fast is told `slow_down` (RFC 8628 3.5)
 * - tailscaled is asked who stands behind the code before it is used up, as with authorization codes (T31)
 * - a refusal is told as often as it is asked for: it gives nothing, and an answer may get lost
 */
export function keepDeviceCodes(provider: Provider, settings: ProviderSettings): void {
  const model = provider.DeviceCode as unknown as DeviceCodeModel;
  const find = model.find;
  model.find = async function findUnlessTooSoon(this: DeviceCodeModel, value, options) {
    const code = await find.call(this, value, options);
    if (code && isPoll(code) && settings.deviceLimits.polledTooSoon(tokenName(String(value)))) {
      throw new errors.SlowDown();
    }
    return code;
  };
  const { prototype } = provider.DeviceCode;
  const consume = prototype.consume;
  prototype.consume = async function consumeOnce(this: DeviceCode) {
    if (this.error !== undefined) return;
    const { ctx } = Provider;
    const binding = ctx && (await bindingOf(ctx, this.grantId));
    const identified = binding && (await settings.oracle.device(binding));
    if (identified && !identified.ok && isOwnTrouble(identified.refusal)) {
      throw refusalError(identified.refusal, false);
    }
    return consume.call(this);
  };
}

/** Its own client asks, and nobody has decided yet. Another client's try must not slow down the owner (T01). */
function isPoll(code: DeviceCode): boolean {
  const { ctx } = Provider;
  const undecided = code.accountId === undefined && code.error === undefined && !code.isExpired;
  return undecided && ctx?.oidc.route === 'token' && ctx.oidc.client?.clientId === code.clientId;
}
