import Provider, { type DeviceCode, errors } from 'oidc-provider';
import type { ProviderSettings } from '../access/settings.ts';
import { tokenName } from '../tokens/token-name.ts';

interface DeviceCodeModel {
  find(value: unknown, options?: object): Promise<DeviceCode | undefined>;
}

/**
 * What oidc-provider leaves out when a device code is presented, and has no hook for:
 * - a client that polls too fast is told `slow_down` (RFC 8628 3.5)
 * - a refusal is told as often as it is asked for: it gives nothing, and an answer may get lost
 */
export function patchDeviceCodes(
  provider: Provider,
  { settings }: { readonly settings: Pick<ProviderSettings, 'deviceLimits'> },
): void {
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
  prototype.consume = async function consumeUnlessRefused(this: DeviceCode) {
    return this.error === undefined ? consume.call(this) : undefined;
  };
}

/** Its own client asks, and nobody has decided yet. Another client's try must not slow down the owner (T01). */
function isPoll(code: DeviceCode): boolean {
  const { ctx } = Provider;
  const undecided = code.accountId === undefined && code.error === undefined && !code.isExpired;
  return undecided && ctx?.oidc.route === 'token' && ctx.oidc.client?.clientId === code.clientId;
}
