import { OutgoingError } from './outgoing-error.ts';

/** On whose behalf a host is asked. */
export interface Asker {
  /** A subject, or whose share somebody without one takes from. */
  readonly name: string;
  /** Nobody knows who it is; all such have half of the places together. */
  readonly isStranger: boolean;
}

export interface Request {
  readonly host: string;
  /** Undefined: the daemon itself. */
  readonly asker: Asker | undefined;
}

/**
 * Runs `work` when there is a place for it.
 * @throws OutgoingError `busy` when too many wait, and the signal's reason when it waited too long
 */
export type Places = <T>(
  request: Request,
  signal: AbortSignal,
  work: () => Promise<T>,
) => Promise<T>;

/** How many requests to one host run at once, so that a slow one leaves places for others; of one asker one less. */
const perHost = 2;
const perAskerAtHost = 1;
/** For each that may run, this many wait. */
const waitingEach = 4;

interface Waiting extends Request {
  readonly begin: () => void;
  readonly giveUp: (reason: unknown) => void;
}

/**
 * Lets `limit` requests run at once, of one asker a quarter of them. Whoever has least under way comes first, and
 * where nobody more may wait, whoever has most waiting makes room: slow hosts of one peer stall that peer alone (T38).
 */
export function createPlaces(limit: number): Places {
  const running = new Set<Request>();
  const waiting = new Set<Waiting>();
  const perAsker = Math.max(1, Math.floor(limit / 4));
  const ofStrangers = Math.max(1, Math.floor(limit / 2));

  const isFree = ({ host, asker }: Request): boolean => {
    if (running.size >= limit || count(running, at(host)) >= perHost) return false;
    if (!asker) return true;
    const own = count(running, by(asker));
    const ownThere = count(running, (one) => by(asker)(one) && at(host)(one));
    if (own >= perAsker || ownThere >= perAskerAtHost) return false;
    return !asker.isStranger || count(running, (one) => one.asker?.isStranger) < ofStrangers;
  };
  const next = (): Waiting | undefined => {
    // oldest first
    const ready = [...waiting].filter(isFree);
    return ready.reduce<Waiting | undefined>(
      (best, one) => (best && load(running, best) <= load(running, one) ? best : one),
      undefined,
    );
  };
  /** Of those that fit, the last one of whoever has most of them, if that is more than `request`'s asker has. */
  const makeRoom = (request: Request, fits: Test): void => {
    const there = [...waiting].filter(fits);
    const greedy = there.reduce<Waiting | undefined>(
      (most, one) => (most && load(there, most) > load(there, one) ? most : one),
      undefined,
    );
    if (!greedy?.asker || load(there, greedy) <= load(there, request) + 1) throw busy();
    waiting.delete(greedy);
    greedy.giveUp(busy());
  };
  const wait = async (request: Request, signal: AbortSignal): Promise<Request> => {
    const { host, asker } = request;
    if (asker && count(waiting, by(asker)) >= perAsker * waitingEach) throw busy();
    if (count(waiting, at(host)) >= perHost * waitingEach) makeRoom(request, at(host));
    if (waiting.size >= limit * waitingEach) makeRoom(request, () => true);
    const { promise, resolve: begin, reject: giveUp } = Promise.withResolvers<void>();
    const one = { ...request, begin, giveUp };
    const end = () => {
      waiting.delete(one);
      giveUp(signal.reason);
    };
    waiting.add(one);
    signal.addEventListener('abort', end, { once: true });
    await promise.finally(() => signal.removeEventListener('abort', end));
    return one;
  };

  const leave = (request: Request): void => {
    running.delete(request);
    for (let one = next(); one; one = next()) {
      waiting.delete(one);
      running.add(one);
      one.begin();
    }
  };
  return async (request, signal, work) => {
    // its own object: two requests may be alike
    let mine: Request = { ...request };
    if (isFree(mine)) running.add(mine);
    else mine = await wait(mine, signal);
    try {
      return await work();
    } finally {
      leave(mine);
    }
  };
}

type Test = (request: Request) => boolean | undefined;

const at =
  (host: string): Test =>
  (one) =>
    one.host === host;
const by =
  (asker: Asker): Test =>
  (one) =>
    one.asker?.name === asker.name;

function count(requests: Iterable<Request>, fits: Test): number {
  let counted = 0;
  for (const one of requests) if (fits(one)) counted += 1;
  return counted;
}

/** How many of these are of the same asker; none for the daemon's own. */
function load(requests: Iterable<Request>, { asker }: Request): number {
  return asker ? count(requests, by(asker)) : 0;
}

const busy = () =>
  new OutgoingError('busy', 'cannot be asked now: too many requests are under way');
