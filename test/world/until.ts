import { setTimeout as pause } from 'node:timers/promises';

/**
 * Asks again and again until there is something; its answer.
 * @throws Error naming `what` when `withinMs` passes before
 */
export async function until<T>(
  what: string,
  probe: () => T | Promise<T>,
  withinMs = 5000,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = await probe();
    if (found) return found as NonNullable<T>;
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await pause(20);
  }
}
