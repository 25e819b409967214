import type { Provider, RefreshToken } from 'oidc-provider';
import { lifetimeOf } from '../access/client-settings.ts';
import type { ProviderSettings } from '../access/settings.ts';

/**
 * Writes into every refresh token for how long it is answered after its rotation: the app's own setting or the
 * general one. The store decides about late repeats and knows no apps; oidc-provider stores only the members it
 * knows, and has no hook for others.
 */
export function keepGrace(provider: Provider, settings: ProviderSettings): void {
  const { RefreshToken: model } = provider as unknown as {
    RefreshToken: { IN_PAYLOAD: string[]; prototype: RefreshToken & { graceSeconds?: number } };
  };
  Object.defineProperty(model, 'IN_PAYLOAD', { value: [...model.IN_PAYLOAD, 'graceSeconds'] });
  const { save } = model.prototype;
  model.prototype.save = async function saveWithGrace(this: typeof model.prototype) {
    this.graceSeconds = lifetimeOf('refreshGraceSeconds', this.client, settings);
    return save.call(this);
  };
}
