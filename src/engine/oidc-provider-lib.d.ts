// what we reach into oidc-provider for, where it has no hook; the version is pinned, and tests say when it moved
declare module 'oidc-provider/lib/helpers/weak_cache.js' {
  /** The insides of a Provider. */
  export default function instance(provider: object): {
    readonly configuration: { clockTolerance: number };
  };
}
