import type { Provider } from 'oidc-provider';

/**
 * Lets tokens that clients get for themselves hang on a Grant, as all others do: so `tsidp tokens` lists and revokes
 * them. oidc-provider stores only the members it knows, and has no hook for others.
 */
export function keepClientGrants(provider: Provider): void {
  const { ClientCredentials: model } = provider as unknown as {
    ClientCredentials: { IN_PAYLOAD: string[] };
  };
  Object.defineProperty(model, 'IN_PAYLOAD', { value: [...model.IN_PAYLOAD, 'grantId'] });
}
