/** The one source of time. Injected, so that tests can move it; oidc-provider itself reads `Date`. */
export interface Clock {
  /** Seconds since the epoch, whole. */
  nowSeconds(): number;
}

export const systemClock: Clock = {
  nowSeconds: () => Math.floor(Date.now() / 1000),
};

/** What a clock that is kept right may still be set back by at once. */
export const usualStepSeconds = 2;

/**
 * Seconds since `thenSeconds`. What happened later than now did so before the clock was set back, nobody knows how long
 * ago: its age is infinite, so that it is never taken for young (T42). Ask `age < limit` where being young gives
 * something, and nothing by it where being old loses something that can't be had again.
 */
export function ageSeconds(
  nowSeconds: number,
  thenSeconds: number,
  toleranceSeconds: number = usualStepSeconds,
): number {
  const age = nowSeconds - thenSeconds;
  if (age >= 0) return age;
  return age >= -toleranceSeconds ? 0 : Number.POSITIVE_INFINITY;
}

/** A moment of this process, by both of its clocks. */
export interface Moment {
  readonly seconds: number;
  readonly monotonicMs: number;
}

export const momentNow = (clock: Clock): Moment => ({
  seconds: clock.nowSeconds(),
  monotonicMs: performance.now(),
});

/** The longer of what both clocks say: one can be set back, the other stands still while the machine sleeps. */
export function elapsedSeconds({ seconds, monotonicMs }: Moment, clock: Clock): number {
  return Math.max(clock.nowSeconds() - seconds, (performance.now() - monotonicMs) / 1000);
}
