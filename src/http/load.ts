/** Counts the requests under way; sheds those beyond the limits, and all once draining (T30, T38). */
export interface Load {
  /**
   * Takes a place for a request, before anything is done for it.
   * @param share whose share it falls to; undefined for nobody's, or as long as nobody can tell
   * @param isStranger somebody of the public internet: all of them together have half of the room, as a body that
   * never comes holds its place for as long as it may take
   */
  enter(share: string | undefined, isStranger: boolean): Place | Refused;
  readonly shedding: boolean;
  /** Turn away everything new. Resolves when the last request is done, or after `timeoutMs`. */
  drain(timeoutMs: number): Promise<void>;
}

export interface Place {
  readonly ok: true;
  /** Moves it to this share, whoever's it was. False when that share is full, and nothing has changed. */
  claim(share: string): boolean;
  leave(): void;
}

/** `peer`: its share is full. `all`: there is no room at all. */
export interface Refused {
  readonly ok: false;
  readonly reason: 'peer' | 'all';
}

/**
 * @param limit of all requests under way
 * @param perShare of those of one peer or person; nobody ever has more than half of all
 */
export function createLoad(limit: number, perShare: number): Load {
  const half = Math.ceil(limit / 2);
  const shareLimit = Math.min(perShare, half);
  const shares = new Map<string, number>();
  let underWay = 0;
  let strangers = 0;
  let draining = false;
  let idle: (() => void) | undefined;

  const take = (share: string | undefined): boolean => {
    if (share === undefined) return true;
    const taken = shares.get(share) ?? 0;
    if (taken >= shareLimit) return false;
    shares.set(share, taken + 1);
    return true;
  };
  const give = (share: string | undefined): void => {
    if (share === undefined) return;
    const left = (shares.get(share) ?? 1) - 1;
    if (left === 0) shares.delete(share);
    else shares.set(share, left);
  };

  return {
    enter(first, isStranger) {
      if (draining || underWay >= limit) return { ok: false, reason: 'all' };
      if (isStranger && strangers >= half) return { ok: false, reason: 'all' };
      if (!take(first)) return { ok: false, reason: 'peer' };
      let share = first;
      const room = isStranger ? 1 : 0;
      underWay += 1;
      strangers += room;
      return {
        ok: true,
        claim(next) {
          if (next === share) return true;
          if (!take(next)) return false;
          give(share);
          share = next;
          return true;
        },
        leave() {
          give(share);
          underWay -= 1;
          strangers -= room;
          if (underWay === 0) idle?.();
        },
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
