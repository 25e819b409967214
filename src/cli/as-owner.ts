import { statSync } from 'node:fs';
import process from 'node:process';

/**
 * As root: acts as the owner of the directory until the end of the scope, so that what is made there is the daemon's,
 * too. For everybody else, and where there is no directory yet, nothing changes.
 */
export function asOwner(directory: string): Disposable {
  const isRoot = process.geteuid?.() === 0;
  const owner = isRoot ? statSync(directory, { throwIfNoEntry: false })?.uid : undefined;
  if (owner) process.seteuid?.(owner);
  return {
    [Symbol.dispose]() {
      if (owner) process.seteuid?.(0);
    },
  };
}
