/** Holds the lock of a directory until it is killed. Prints `held`, or why it could not have it. */
import { lockDirectory } from '../../../src/store/sqlite/lock.ts';

try {
  lockDirectory(process.argv[2] ?? '');
  process.stdout.write('held\n');
  setInterval(() => {}, 60_000);
} catch (error) {
  process.stdout.write(`${String(error)}\n`);
}
