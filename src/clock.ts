/** The one source of time. Injected, so that tests can move it; oidc-provider itself reads `Date`. */
export interface Clock {
  /** Seconds since the epoch, whole. */
  nowSeconds(): number;
}

export const systemClock: Clock = {
  nowSeconds: () => Math.floor(Date.now() / 1000),
};
