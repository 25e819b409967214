import type { Logger } from '../log.ts';

interface Kind {
  readonly level: 'info' | 'warn' | 'error';
  /** After a number, and what an operator may change. */
  readonly words: string;
  /** What was turned away or ended to keep the others safe; health tells how many. */
  readonly drop?: true;
}

/** Everything that somebody who is allowed nothing can make the log say, as often as they like. */
const kinds = {
  idleConnections: {
    level: 'warn',
    drop: true,
    words:
      'idle connections closed: their peer has more than its share (limits.connectionsPerPeer)',
  },
  connections: {
    level: 'warn',
    drop: true,
    words: 'connections refused: their peer has its share (limits.connectionsPerPeer), none idle',
  },
  fullConnections: {
    level: 'warn',
    drop: true,
    words: 'connections closed: there were too many of all peers together',
  },
  requestsOfPeer: {
    level: 'warn',
    drop: true,
    words:
      'requests refused: their sender had its share under way (limits.requestsInFlightPerPeer)',
  },
  requests: {
    level: 'warn',
    drop: true,
    words: 'requests refused: too many at once (limits.requestsInFlight), or shutting down',
  },
  pipelining: {
    level: 'warn',
    drop: true,
    words: 'connections ended: too many requests were sent ahead of their answers',
  },
  slowBodies: {
    level: 'warn',
    drop: true,
    words: 'requests ended: their body arrived too slowly (limits.bodyBytesPerSecond)',
  },
  slowRequests: {
    level: 'info',
    words: 'connections ended: no whole request came in time (limits.requestTimeoutSeconds)',
  },
  malformed: {
    level: 'info',
    words: 'connections ended: what came was not HTTP',
  },
  unsent: { level: 'info', words: 'answers could not be sent: the other end went away' },
  pages: { level: 'info', words: 'requests answered with an error page' },
  failures: { level: 'error', words: 'requests failed on our side' },
  lostRecords: { level: 'error', words: 'audit records lost' },
} as const satisfies Record<string, Kind>;

export type TallyKind = keyof typeof kinds;
export type Drops = Readonly<Partial<Record<TallyKind, number>>>;

/**
 * The one way to log what strangers can cause at will (T38): the first few of each sender in a minute are told whole,
 * so that somebody who floods the log hides nobody else's lines; all others are counted, and their number is told at
 * the end of that minute.
 */
export interface Tally {
  /**
   * Counts one.
   * @param from whose share (`peer/peer-share.ts`) it falls to; undefined where nobody can tell
   * @param tell writes its own line, if there is still room for one
   */
  count(kind: TallyKind, from: string | undefined, tell?: () => void): void;
  /** What was turned away or ended since the start, by kind. */
  drops(): Drops;
  /** Tells what was counted since the last minute's end. */
  stop(): void;
}

/** Lines that are told whole in a minute: of one sender, and of all. */
const linesOfOne = 10;
const linesOfAll = 200;
/** Beyond these, who did it most is no longer looked for. */
const maxSenders = 1000;

interface Counted {
  untold: number;
  lines: number;
  readonly senders: Map<string, number>;
}

/** @param intervalMs default a minute */
export function createTally(log: Logger, intervalMs = 60_000): Tally {
  const totals = new Map<TallyKind, number>();
  const counted = new Map<TallyKind, Counted>();

  const tellAll = (): void => {
    for (const [name, { untold, senders }] of counted) {
      if (untold === 0) continue;
      const { level, words } = kinds[name];
      const [most] = [...senders].toSorted(([, one], [, other]) => other - one);
      const mostly = most && most[0] !== '' ? { mostly: most[0], ofThese: most[1] } : {};
      log[level]({ counted: name, count: untold, ...mostly }, `${untold} ${words}`);
    }
    counted.clear();
  };
  const timer = setInterval(tellAll, intervalMs);
  timer.unref();

  return {
    count(name, from = '', tell) {
      totals.set(name, (totals.get(name) ?? 0) + 1);
      let here = counted.get(name);
      if (!here) {
        here = { untold: 0, lines: 0, senders: new Map() };
        counted.set(name, here);
      }
      const { senders } = here;
      const ofSender = (senders.get(from) ?? 0) + 1;
      if (ofSender > 1 || senders.size < maxSenders) senders.set(from, ofSender);
      if (tell && ofSender <= linesOfOne && here.lines < linesOfAll) {
        here.lines += 1;
        tell();
      } else {
        here.untold += 1;
      }
    },
    drops() {
      const all = [...totals].filter(([name]) => 'drop' in kinds[name]);
      return Object.fromEntries(all);
    },
    stop() {
      clearInterval(timer);
      tellAll();
    },
  };
}

/** e.g. `312 requests refused: …`, for each kind of which there was any. */
export function dropWords(drops: Drops): string[] {
  const known = Object.entries(drops).filter(([name]) => Object.hasOwn(kinds, name));
  return known.map(([name, count]) => `${count} ${kinds[name as TallyKind].words}`);
}
