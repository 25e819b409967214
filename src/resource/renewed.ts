export interface RenewedOptions<T> {
  readonly load: () => Promise<T>;
  /** Younger, it is used as it is. */
  readonly freshSeconds: number;
  /** Between fresh and this it is used while a newer one is loaded; older, never. */
  readonly usableSeconds: number;
  /** How long after a load `renew` does nothing. */
  readonly cooldownSeconds: number;
  /** Epoch seconds. */
  readonly clock: () => number;
}

export interface Renewed<T> {
  /** @throws what `load` throws, when there is no usable value */
  get(): Promise<T>;
  /** The value, loaded again unless that was done a moment ago. @throws what `load` throws */
  renew(): Promise<T>;
}

/** How long a failure is answered again without asking: callers can't make us hammer an issuer that is away. */
const failureSeconds = 1;

/** A value from the issuer that is loaded by one request for all, and again as it ages. */
export function renewed<T>(options: RenewedOptions<T>): Renewed<T> {
  const { clock, freshSeconds, usableSeconds, cooldownSeconds } = options;
  let kept: { readonly value: T; readonly at: number } | undefined;
  let failed: { readonly cause: unknown; readonly at: number } | undefined;
  let loading: Promise<T> | undefined;

  /** What happened later than now did so before the clock was set back: it is not young. */
  function ageOf({ at }: { readonly at: number }): number {
    const ageSeconds = clock() - at;
    return ageSeconds < 0 ? Number.POSITIVE_INFINITY : ageSeconds;
  }

  async function loadOnce(): Promise<T> {
    try {
      const value = await options.load();
      kept = { value, at: clock() };
      failed = undefined;
      return value;
    } catch (cause) {
      failed = { cause, at: clock() };
      throw cause;
    } finally {
      loading = undefined;
    }
  }

  async function load(): Promise<T> {
    if (!loading) {
      if (failed && ageOf(failed) < failureSeconds) throw failed.cause;
      loading = loadOnce();
    }
    return loading;
  }

  return {
    async get() {
      if (!kept) return load();
      const ageSeconds = ageOf(kept);
      if (ageSeconds >= usableSeconds) return load();
      // what is there does for now; the failure shows when it has to be told
      if (ageSeconds >= freshSeconds) load().catch(() => {});
      return kept.value;
    },
    async renew() {
      return kept && ageOf(kept) < cooldownSeconds ? kept.value : load();
    },
  };
}
