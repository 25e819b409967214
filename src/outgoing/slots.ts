import { OutgoingError } from './outgoing-error.ts';

export type Slots = <T>(signal: AbortSignal, work: () => Promise<T>) => Promise<T>;

/**
 * Lets `limit` pieces of work run at once and `waiting` more wait for them.
 * @returns a function that throws OutgoingError `busy` when too many wait, and the signal's reason when it waited too long
 */
export function createSlots(limit: number, waiting: number): Slots {
  let running = 0;
  const queue = new Set<() => void>();
  const free = () => {
    const [next] = queue;
    if (next === undefined) {
      running -= 1;
      return;
    }
    queue.delete(next);
    next();
  };
  const take = async (signal: AbortSignal): Promise<void> => {
    if (running < limit) {
      running += 1;
      return;
    }
    if (queue.size >= waiting) {
      throw new OutgoingError('busy', 'cannot be asked now: too many requests are under way');
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const giveUp = () => {
      queue.delete(resolve);
      reject(signal.reason);
    };
    queue.add(resolve);
    signal.addEventListener('abort', giveUp, { once: true });
    await promise.finally(() => signal.removeEventListener('abort', giveUp));
  };
  return async (signal, work) => {
    await take(signal);
    try {
      return await work();
    } finally {
      free();
    }
  };
}
