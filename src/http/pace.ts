/**
 * Lets a request begin: at once, or, when its sender has begun many in this second, in a later turn of the event loop.
 * @param share whose share it falls to (`Load.enter`); undefined for nobody's, which never waits
 */
export type Pace = (share: string | undefined) => Promise<void> | undefined;

export interface PaceOptions {
  /** What a peer begins in a second without waiting; default 12, four logins. */
  readonly perSecond?: number;
  /** What all who sent more begin in one turn; default 2. */
  readonly perTurn?: number;
  /** Monotonic. */
  readonly nowMs?: () => number;
}

/**
 * Everything that is begun in one turn is worked on before anybody else is read. So peers with hundreds of requests
 * under way would make each step of others' logins wait for all of them (T38). Who sends more than people do waits
 * behind the others who do so, for a turn in which a few of theirs are begun; as turns are short when there is little
 * else to do, that is soon. Whoever waits has a place among the requests under way, so there are never more of them.
 */
export function createPace(options: PaceOptions = {}): Pace {
  const { perSecond = 12, perTurn = 2, nowMs = () => performance.now() } = options;
  const begun = new Map<string, number>();
  let endsMs = 0;
  const waiting = new Map<string, (() => void)[]>();

  const turn = (): void => {
    for (let count = 0; count < perTurn; count += 1) {
      const [first] = waiting;
      if (!first) return;
      const [share, line] = first;
      waiting.delete(share);
      line.shift()?.();
      // behind the others
      if (line.length > 0) waiting.set(share, line);
    }
    if (waiting.size > 0) setImmediate(turn);
  };
  const isOften = (share: string): boolean => {
    if (nowMs() >= endsMs) {
      begun.clear();
      endsMs = nowMs() + 1000;
    }
    const count = (begun.get(share) ?? 0) + 1;
    begun.set(share, count);
    return count > perSecond;
  };

  return (share) => {
    if (share === undefined) return undefined;
    const line = waiting.get(share);
    if (!isOften(share) && !line) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    if (line) line.push(resolve);
    else {
      if (waiting.size === 0) setImmediate(turn);
      waiting.set(share, [resolve]);
    }
    return promise;
  };
}
