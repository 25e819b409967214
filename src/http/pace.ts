/**
 * Lets a request begin: at once, or, when its sender has begun some in this turn of the event loop, in a later one.
 * @param share whose share it falls to (`Load.enter`); undefined for nobody's, which never waits
 */
export type Pace = (share: string | undefined) => Promise<void> | undefined;

/**
 * As many as may be begun in one turn, of each peer. A login alone never waits; sixteen at once through one app's
 * server hardly do.
 */
const usualPerTurn = 2;

/**
 * Everything that is begun in one turn is worked on before anybody else is read. So a peer with a hundred requests
 * under way, as many as there may be, would make each step of others' logins wait for all of them (T38): of each peer
 * a few are begun in a turn, and of those that wait, in turn, as few. Whoever waits has a place among the requests
 * under way, so there are never more of them.
 */
export function createPace(perTurn = usualPerTurn): Pace {
  const begun = new Map<string, number>();
  const waiting = new Map<string, (() => void)[]>();
  let isArmed = false;

  const arm = (): void => {
    if (!isArmed) setImmediate(turn);
    isArmed = true;
  };
  const turn = (): void => {
    isArmed = false;
    begun.clear();
    for (let count = 0; count < perTurn; count += 1) {
      const [first] = waiting;
      if (!first) return;
      const [share, line] = first;
      waiting.delete(share);
      line.shift()?.();
      // behind the others
      if (line.length > 0) waiting.set(share, line);
    }
    if (waiting.size > 0) arm();
  };

  return (share) => {
    if (share === undefined) return undefined;
    arm();
    const line = waiting.get(share);
    const count = begun.get(share) ?? 0;
    if (count < perTurn && !line) {
      begun.set(share, count + 1);
      return undefined;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    if (line) line.push(resolve);
    else waiting.set(share, [resolve]);
    return promise;
  };
}
