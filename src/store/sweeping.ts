import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { Store } from './store.ts';

const intervalMs = 5_000;
/** Rows a step; small, so that no login waits for it. */
const stepRows = 500;
const maxStepsAtOnce = 20;

/** Deletes expired rows from time to time, in steps. Returns the function that stops it. */
export function startSweeping(store: Store, clock: Clock, log: Logger): () => void {
  let stopped = false;
  const sweep = async (): Promise<void> => {
    for (let step = 0; step < maxStepsAtOnce && !stopped; step += 1) {
      const deleted = await store.sweep(clock.nowSeconds(), stepRows);
      await store.committed();
      if (deleted < stepRows) return;
    }
  };
  const timer = setInterval(() => {
    sweep().catch((error) => log.warn({ err: error }, 'expired rows stay for now'));
  }, intervalMs);
  timer.unref();
  return () => {
    stopped = true;
    clearInterval(timer);
  };
}
