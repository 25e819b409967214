export interface BoundedQueue {
  /** Runs `task` when its turn comes; undefined, at once, when too many wait already. */
  run<T>(task: () => Promise<T>): Promise<T> | undefined;
}

/** At most `maxParallel` tasks at once, in the order they came, and at most `maxWaiting` behind them. */
export const createBoundedQueue = (maxParallel: number, maxWaiting: number): BoundedQueue => {
  const waiting: (() => void)[] = [];
  let running = 0;

  const takeTurn = (): Promise<void> | undefined => {
    if (running < maxParallel) {
      running++;
      return Promise.resolve();
    }
    if (waiting.length >= maxWaiting) return undefined;
    return new Promise((begin) => waiting.push(begin));
  };
  const passTurn = (): void => {
    const next = waiting.shift();
    if (next === undefined) running--;
    else next();
  };
  const runInTurn = async <T>(turn: Promise<void>, task: () => Promise<T>): Promise<T> => {
    await turn;
    try {
      return await task();
    } finally {
      passTurn();
    }
  };

  return {
    run(task) {
      const turn = takeTurn();
      return turn && runInTurn(turn, task);
    },
  };
};
