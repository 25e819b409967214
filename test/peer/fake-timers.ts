import { vi } from 'vitest';

/** Limits of time end when the test says so, and not because the machine is slow; sockets go on as ever. */
export function fakeTimers(): Disposable & { pass(ms: number): void } {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  return {
    pass: (ms) => void vi.advanceTimersByTime(ms),
    [Symbol.dispose]: () => void vi.useRealTimers(),
  };
}
