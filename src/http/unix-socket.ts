import { lstatSync, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { platform } from 'node:process';
import { ListenError } from './listeners.ts';

/** `sun_path` holds 108 bytes on Linux and 104 elsewhere, with a zero at the end. */
const maxPathBytes = platform === 'linux' ? 107 : 103;

/**
 * Makes a place for a Unix socket: a directory that nobody but our user and root may enter, and no socket there of an
 * earlier process. Which can't be a living one, because the state directory is locked.
 * @throws ListenError
 */
export function prepareSocket(path: string): void {
  if (Buffer.byteLength(path) > maxPathBytes) {
    throw new ListenError(
      `Can't listen on the Unix socket ${path}: its path is longer than ${maxPathBytes} bytes. Choose a shorter stateDirectory.`,
    );
  }
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const { mode } = lstatSync(dirname(path));
    if ((mode & 0o077) !== 0) {
      throw new ListenError(
        `Can't listen on the Unix socket ${path}: its directory must be closed to others (chmod 700 ${dirname(path)}).`,
      );
    }
    rmSync(path, { force: true });
  } catch (cause) {
    if (cause instanceof ListenError) throw cause;
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new ListenError(`Can't listen on the Unix socket ${path}: ${message}.`, { cause });
  }
}
