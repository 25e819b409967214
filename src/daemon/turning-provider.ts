import type Provider from 'oidc-provider';
import type { ProviderKeys } from '../tokens/keys.ts';

/** oidc-provider reads its keys once, so keys that turn need another instance. */
export interface TurningProvider {
  /** The one that answers requests from now on; those under way end with theirs. All work on the same store. */
  current(): Provider;
  /** Signs with other keys from the next request on. Where no provider can be made of them the old one stays. */
  turn(keys: ProviderKeys): void;
}

export function createTurningProvider(
  make: (keys: ProviderKeys) => Provider,
  keys: ProviderKeys,
): TurningProvider {
  let current = make(keys);
  return {
    current: () => current,
    turn(turned) {
      current = make(turned);
    },
  };
}
