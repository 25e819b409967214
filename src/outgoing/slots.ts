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

/** How many requests to one host run at once, so that a slow one leaves places for others. */
const perHost = 2;
/** For each that runs, this many wait. */
const waitingEach = 4;

export type Places = <T>(host: string, signal: AbortSignal, work: () => Promise<T>) => Promise<T>;

/** Lets `limit` requests run at once, but `perHost` of them to one host. @returns as `createSlots` does */
export function createPlaces(limit: number): Places {
  const all = createSlots(limit, limit * waitingEach);
  // those that are asked now, with how many requests
  const hosts = new Map<string, { readonly slots: Slots; requests: number }>();
  const hostOf = (host: string) => {
    const known = hosts.get(host) ?? {
      slots: createSlots(perHost, perHost * waitingEach),
      requests: 0,
    };
    hosts.set(host, known);
    return known;
  };
  return async (host, signal, work) => {
    const one = hostOf(host);
    one.requests += 1;
    try {
      return await one.slots(signal, () => all(signal, work));
    } finally {
      one.requests -= 1;
      if (one.requests === 0) hosts.delete(host);
    }
  };
}
