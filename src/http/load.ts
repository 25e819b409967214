/** Counts the requests under way; sheds those beyond the limit, and all once draining (T30). */
export interface Load {
  /**
   * The function to call when the request is done; undefined when it must be turned away.
   * @param isStranger somebody of the public internet: all of them together have half of the room, as a body that
   * never comes holds its place for as long as it may take
   */
  enter(isStranger: boolean): (() => void) | undefined;
  readonly shedding: boolean;
  /** Turn away everything new. Resolves when the last request is done, or after `timeoutMs`. */
  drain(timeoutMs: number): Promise<void>;
}

export function createLoad(limit: number): Load {
  const strangersLimit = Math.ceil(limit / 2);
  let underWay = 0;
  let strangers = 0;
  let draining = false;
  let idle: (() => void) | undefined;
  return {
    enter(isStranger) {
      if (draining || underWay >= limit) return undefined;
      if (isStranger && strangers >= strangersLimit) return undefined;
      const room = isStranger ? 1 : 0;
      underWay += 1;
      strangers += room;
      return () => {
        underWay -= 1;
        strangers -= room;
        if (underWay === 0) idle?.();
      };
    },
    get shedding() {
      return draining || underWay >= limit;
    },
    async drain(timeoutMs) {
      draining = true;
      if (underWay === 0) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      idle = resolve;
      const timer = setTimeout(resolve, timeoutMs);
      await promise;
      clearTimeout(timer);
    },
  };
}
