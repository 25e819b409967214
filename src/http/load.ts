/** Counts the requests under way; sheds those beyond the limit, and all once draining (T30). */
export interface Load {
  /** The function to call when the request is done; undefined when it must be turned away. */
  enter(): (() => void) | undefined;
  readonly shedding: boolean;
  /** Turn away everything new. Resolves when the last request is done, or after `timeoutMs`. */
  drain(timeoutMs: number): Promise<void>;
}

export function createLoad(limit: number): Load {
  let underWay = 0;
  let draining = false;
  let idle: (() => void) | undefined;
  return {
    enter() {
      if (draining || underWay >= limit) return undefined;
      underWay += 1;
      return () => {
        underWay -= 1;
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
