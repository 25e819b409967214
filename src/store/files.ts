import { chmodSync, mkdirSync, type Stats, statSync } from 'node:fs';
import { geteuid } from 'node:process';
import { StoreError } from './store.ts';

const othersWrite = 0o022;
const othersAny = 0o077;

/**
 * Makes the state directory (0700), or refuses one that others could have put files into. One that others could
 * merely read is closed to them.
 * @throws {StoreError}
 */
export function prepareDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    restrict(directory, statSync(directory), 0o700);
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw new StoreError(
      `cannot use the state directory ${directory}: ${messageOf(error)}; give a directory that this user may write to`,
      { cause: error },
    );
  }
}

/**
 * Closes an existing file to others (0600).
 * @returns its size in bytes, undefined when there is none
 * @throws {StoreError} when others could have changed it
 */
export function restrictFile(path: string): number | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) return undefined;
  if (!stats.isFile()) throw new StoreError(`${path} is not a file; nothing was touched`);
  restrict(path, stats, 0o600);
  return stats.size;
}

/** What the command line says where only the daemon's user may look. */
export const closedToUs = "permission denied: run this as the daemon's user or as root";

/** Is it because of whom we run as that a file could not be reached? */
export function isClosed(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EACCES';
}

/**
 * @returns the size of a file in bytes, undefined when there is none
 * @throws {StoreError} when that can't be known, as in another user's state directory
 */
export function fileSize(path: string): number | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })?.size;
  } catch (cause) {
    throw new StoreError(
      `${path} can't be read: ${isClosed(cause) ? closedToUs : messageOf(cause)}`,
      {
        cause,
      },
    );
  }
}

function restrict(path: string, stats: Stats, mode: number): void {
  const user = geteuid?.();
  // Windows has neither owners nor modes.
  if (user === undefined) return;
  if (stats.uid !== user) {
    throw new StoreError(
      `${path} belongs to user ${stats.uid}, the daemon runs as user ${user}, so nothing was touched; ` +
        `run it as its owner (sudo -u '#${stats.uid}'), or, if it should belong to user ${user}: chown -R ${user} ${path}`,
    );
  }
  if (stats.mode & othersWrite) {
    throw new StoreError(
      `${path} is writable by others (mode ${(stats.mode & 0o777).toString(8)}), so its content can't be trusted ` +
        'and nothing was touched; ' +
        `look at what is in it, then: chmod ${mode.toString(8)} ${path} (a directory must be the daemon's own)`,
    );
  }
  if (stats.mode & othersAny) chmodSync(path, mode);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
