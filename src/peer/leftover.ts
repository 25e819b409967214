import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kill } from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { TailscaledError } from './tailscaled-error.ts';

const pidPath = (stateDirectory: string) => join(stateDirectory, 'tailscaled.pid');

/** Remembers which process is ours, for the case that we are killed and it lives on. */
export function writePid(stateDirectory: string, pid: number): void {
  removePid(stateDirectory); // a file that exists would keep its mode
  writeFileSync(pidPath(stateDirectory), `${pid}\n`, { mode: 0o600 });
}

export function removePid(stateDirectory: string): void {
  rmSync(pidPath(stateDirectory), { force: true });
}

/**
 * Ends the tailscaled that a killed daemon left behind: it holds the socket and the node, and a second one on the
 * same state would fight it. Only a process that runs on this very state directory is touched: its number alone may
 * belong to another program by now.
 * @returns its pid, undefined when there was none
 * @throws TailscaledError when it does not end
 */
export async function endLeftover(
  stateDirectory: string,
  endMs = 5000,
): Promise<number | undefined> {
  const pid = readPid(stateDirectory);
  if (pid === undefined || !runsOn(pid, stateDirectory)) return undefined;
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    signalTo(pid, signal);
    const deadline = performance.now() + endMs;
    while (performance.now() < deadline) {
      if (!runsOn(pid, stateDirectory)) return pid;
      await delay(20);
    }
  }
  throw new TailscaledError(
    `a tailscaled from before (pid ${pid}) uses ${stateDirectory} and does not end: end it by hand`,
  );
}

function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    kill(pid, signal);
  } catch {
    // it ended by itself in between, or is another user's: then `runsOn` goes on saying so
  }
}

function readPid(stateDirectory: string): number | undefined {
  try {
    const text = readFileSync(pidPath(stateDirectory), 'utf8').trim();
    return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined;
  } catch {
    return undefined; // the usual case: it was ended, and the file removed
  }
}

/** Linux alone tells a process's arguments by a file; elsewhere tailscaled itself refuses a socket in use. */
function runsOn(pid: number, stateDirectory: string): boolean {
  try {
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return args.includes(`--statedir=${stateDirectory}`);
  } catch {
    return false;
  }
}
