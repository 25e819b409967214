import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { LineSplitter } from './line-splitter.ts';

export interface SuperviseOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** A line that the program wrote, to standard output or error. */
  readonly onLine: (line: string) => void;
  /** It was started, for the `count`th time. */
  readonly onStart?: (pid: number, count: number) => void;
  /** It ended without being told to, and is started again after `pauseMs`. */
  readonly onDeath: (death: Death, pauseMs: number) => void;
  /** Pause after the first death, doubled up to `maxPauseMs`; default 500. */
  readonly minPauseMs?: number;
  /** Default 30 000. */
  readonly maxPauseMs?: number;
  /** A life as long as this makes the next pause a short one again; default 60 000. */
  readonly settledMs?: number;
  /** How long it may take to end when told to; default 5000. */
  readonly endMs?: number;
}

/** How a program ended that should not have. */
export interface Death {
  /** `it ended with exit code 1`, `it was killed by SIGSEGV`, `it can't be run: …` */
  readonly how: string;
  /** The last it said, oldest first. */
  readonly lastLines: readonly string[];
  /** Deaths in a row, none of whose lives was as long as `settledMs`. */
  readonly inARow: number;
}

export interface Supervised {
  /** Ends it, by force when it does not end in time, and starts it no more. */
  stop(): Promise<void>;
}

const keptLines = 8;
const lineBytes = 2000;
const lastWordsMs = 1000;

/** Runs a program and starts it again whenever it ends, with growing pauses, until it is stopped. */
export function supervise(options: SuperviseOptions): Supervised {
  const ending = new AbortController();
  const ended = run(options, ending.signal);
  return {
    async stop() {
      ending.abort();
      await ended;
    },
  };
}

async function run(options: SuperviseOptions, signal: AbortSignal): Promise<void> {
  const { minPauseMs = 500, maxPauseMs = 30_000, settledMs = 60_000 } = options;
  let inARow = 0;
  for (let count = 1; !signal.aborted; count += 1) {
    const begun = performance.now();
    const { how, lastLines } = await live(options, count, signal);
    if (signal.aborted) return;
    inARow = performance.now() - begun >= settledMs ? 1 : inARow + 1;
    const pauseMs = Math.min(minPauseMs * 2 ** (inARow - 1), maxPauseMs);
    options.onDeath({ how, lastLines, inARow }, pauseMs);
    await delay(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}

/** One life of the program, from its start to its end. */
async function live(
  options: SuperviseOptions,
  count: number,
  signal: AbortSignal,
): Promise<{ how: string; lastLines: readonly string[] }> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const lastLines: string[] = [];
  const child = spawn(options.command, options.args, {
    env: options.env,
    cwd: '/',
    // Ctrl-C is for us, who still need it for a while
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) {
    const lines = new LineSplitter((line) => {
      lastLines.push(line);
      if (lastLines.length > keptLines) lastLines.shift();
      options.onLine(line);
    }, lineBytes);
    stream.on('data', (chunk) => lines.push(chunk));
  }
  child.on('spawn', () => options.onStart?.(child.pid ?? 0, count));
  // without a pid it never ran, and there will be no 'close'
  child.on('error', (error) => {
    if (child.pid === undefined) resolve(`it can't be run: ${error.message}`);
  });
  child.on('exit', (code, killedBy) => {
    const how = killedBy ? `it was killed by ${killedBy}` : `it ended with exit code ${code}`;
    // its last words may still be on their way; a child of its own may keep the pipes open for good
    const enough = setTimeout(() => resolve(how), lastWordsMs);
    child.on('close', () => {
      clearTimeout(enough);
      resolve(how);
    });
  });
  const end = () => terminate(child, options.endMs ?? 5000);
  if (signal.aborted) end();
  signal.addEventListener('abort', end, { once: true });
  const how = await promise;
  signal.removeEventListener('abort', end);
  return { how, lastLines };
}

function terminate(child: ChildProcess, endMs: number): void {
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), endMs);
  child.once('exit', () => clearTimeout(force));
}
