import type { Provider } from 'oidc-provider';

/**
 * Lets an oidc-provider Grant carry the device and the session it was given to. Everything that outlives the login
 * (refresh, userinfo, introspection) hangs on the Grant, and must ask for the person at that device again;
 * oidc-provider stores only the members it knows, and has no hook for others.
 */
export function keepDevice(provider: Provider): void {
  const { Grant } = provider as unknown as { Grant: { IN_PAYLOAD: string[] } };
  Object.defineProperty(Grant, 'IN_PAYLOAD', {
    value: [...Grant.IN_PAYLOAD, 'device', 'session', 'parents', 'actors', 'waitSeconds'],
  });
}
