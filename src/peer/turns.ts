/** Runs each task when those before it have ended. @returns what the task returns, or throws what it throws */
export type Turns = <T>(task: (waitedMs: number) => Promise<T>) => Promise<T>;

/** One task at a time, in the order in which they came. @param nowMs monotonic */
export function createTurns(nowMs: () => number): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const cameMs = nowMs();
    const turn = last.then(() => task(nowMs() - cameMs));
    last = turn.catch(() => undefined);
    return turn;
  };
}
