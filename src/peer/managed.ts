import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { readAuthKey, withoutKeys } from './auth-key.ts';
import { findTailscaled } from './find-tailscaled.ts';
import { keepLoggedIn } from './keep-logged-in.ts';
import { endLeftover, removePid, writePid } from './leftover.ts';
import { LocalApi } from './local-api.ts';
import type { Say } from './say.ts';
import { type Death, type SuperviseOptions, supervise } from './supervise.ts';
import { tailscaledCommand, tailscaledEnvironment } from './tailscaled-command.ts';
import { TailscaledError } from './tailscaled-error.ts';
import type { LoginSettings } from './tailscaled-login.ts';

export interface ManagedSettings extends Omit<LoginSettings, 'authKey'> {
  /** The program; undefined: looked for. */
  readonly path: string | undefined;
  readonly authKey: string | undefined;
  /** Absolute. */
  readonly authKeyFile: string | undefined;
  /** For tailscaled itself, after ours. */
  readonly extraArgs: readonly string[];
}

type Pauses = Pick<SuperviseOptions, 'minPauseMs' | 'maxPauseMs' | 'settledMs' | 'endMs'> & {
  readonly quickMs?: number;
  readonly slowMs?: number;
  readonly loginMs?: number;
};

export interface ManagedParts {
  /** Absolute, ours alone and locked: two tailscaled on one state would fight over the node. */
  readonly stateDirectory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Say;
  /** Whether tailscaled's own lines are worth more than debugging; default false. */
  readonly showLog?: boolean;
  /** Gives the start up. */
  readonly signal: AbortSignal;
  /** How long it may take until tailscaled answers; default 30 000. */
  readonly startMs?: number;
  readonly pauses?: Pauses;
}

export interface ManagedTailscaled {
  /** Of its LocalAPI. */
  readonly socket: string;
  stop(): Promise<void>;
}

/** So many deaths before it ever answered are no accident. */
const fatalDeaths = 3;

/**
 * Runs the machine's tailscaled as our own node, on our state directory, for as long as we live: logs it in, starts
 * it again when it dies. Resolves when it answers and was told who it is; it may still wait for a person then.
 * @throws TailscaledError | LocalApiError when it can't be had; nothing runs then
 */
export async function startManaged(
  settings: ManagedSettings,
  parts: ManagedParts,
): Promise<ManagedTailscaled> {
  const { stateDirectory, env, log, signal, startMs = 30_000, pauses = {} } = parts;
  const program = findTailscaled({ explicit: settings.path, path: env['PATH'], isExecutable });
  const { socket, args } = tailscaledCommand(stateDirectory, settings.extraArgs);
  const leftover = await endLeftover(stateDirectory);
  if (leftover !== undefined) log.warn(`ended a tailscaled from before (pid ${leftover})`);

  const up = Promise.withResolvers<void>();
  const ending = new AbortController();
  const api = new LocalApi({ socket });
  let key = settings.authKey;
  const authKey = () => {
    key = readAuthKey(settings, (path) => readFileSync(path, 'utf8'));
    return key;
  };
  const state = { isUp: false, lives: 0, lastLine: '' };
  const child = supervise({
    ...pauses,
    command: program,
    args,
    env: tailscaledEnvironment(env),
    onLine(line) {
      state.lastLine = withoutKeys(line, key);
      log[parts.showLog ? 'info' : 'debug'](`tailscaled: ${state.lastLine}`);
    },
    onStart(pid, count) {
      state.lives = count;
      remember(stateDirectory, pid, log);
      log.info(`started ${program} (pid ${pid}) as this daemon's own node`);
    },
    onDeath(death, pauseMs) {
      const words = withoutKeys(describeDeath(program, death), key);
      if (!state.isUp && death.inARow >= fatalDeaths) up.reject(new TailscaledError(words));
      else log.error(`${words}\nit is started again in ${pauseMs / 1000} s`);
    },
  });
  const keeping = keepLoggedIn({
    ...pauses,
    api,
    settings: { ...settings, authKey },
    log,
    signal: ending.signal,
    lives: () => state.lives,
    onUp() {
      state.isUp = true;
      up.resolve();
    },
    onRefusal(error) {
      if (state.isUp) log.error(withoutKeys(error.message, key));
      else up.reject(error);
    },
  });
  const stop = async () => {
    ending.abort();
    await Promise.all([keeping, child.stop()]);
    api.close();
    removePid(stateDirectory);
  };
  try {
    await inTime(up.promise, startMs, signal, () => state.lastLine);
    return { socket, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A full disk must not end us: the number is for the case alone that we are killed. */
function remember(stateDirectory: string, pid: number, log: Say): void {
  try {
    writePid(stateDirectory, pid);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.warn(
      `tailscaled.pid can't be written (${reason}): if this daemon is killed, end tailscaled (pid ${pid}) by hand`,
    );
  }
}

async function inTime(
  up: Promise<void>,
  startMs: number,
  signal: AbortSignal,
  lastLine: () => string,
): Promise<void> {
  const enough = new AbortController();
  const limit = AbortSignal.any([enough.signal, signal]);
  const late = delay(startMs, undefined, { signal: limit }).then(
    () => {
      const words = lastLine() === '' ? 'it said nothing' : `its last words: ${lastLine()}`;
      throw new TailscaledError(
        `tailscaled does not answer after ${startMs / 1000} s; ${words}. Is this directory's disk writable, and does the program run by hand?`,
      );
    },
    () => signal.throwIfAborted(),
  );
  try {
    await Promise.race([up, late]);
  } finally {
    enough.abort();
  }
}

function describeDeath(program: string, { how, lastLines, inARow }: Death): string {
  const times = inARow > 1 ? ` (${inARow} times in a row)` : '';
  const words =
    lastLines.length === 0 ? 'it said nothing' : `its last lines:\n  ${lastLines.join('\n  ')}`;
  return `tailscaled (${program}) died${times}: ${how}; ${words}`;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
