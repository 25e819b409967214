import type { Provider } from 'oidc-provider';

type ModelName = 'ClientCredentials' | 'Grant' | 'RefreshToken' | 'Session';

/** What we keep with oidc-provider's models beyond what it knows of them. */
const storedMembers: Readonly<Record<ModelName, readonly string[]>> = {
  // all that outlives the login (refresh, userinfo, introspection) hangs on the Grant, and must ask for the person at
  // that device again; `parents` and `actors` of an exchange; how long it waits for its code (`waiting.ts`)
  Grant: ['device', 'session', 'parents', 'actors', 'waitSeconds'],
  // tokens that clients get for themselves hang on a Grant, as all others do: `tsidp tokens` lists and revokes them
  ClientCredentials: ['grantId'],
  // how long it is answered after its rotation, and how late it came (`refresh-grace.ts`)
  RefreshToken: ['graceSeconds', 'lateSeconds'],
  // how long it waits for a code or page (`waiting.ts`)
  Session: ['waitSeconds'],
};

/** Lets models carry members of ours. oidc-provider stores and reads only those it knows, and has no hook for others. */
export function patchStoredMembers(provider: Provider): void {
  const models = provider as unknown as Record<ModelName, { readonly IN_PAYLOAD: string[] }>;
  for (const [name, members] of Object.entries(storedMembers)) {
    const model = models[name as ModelName];
    Object.defineProperty(model, 'IN_PAYLOAD', { value: [...model.IN_PAYLOAD, ...members] });
  }
}
