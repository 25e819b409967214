import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

const maxBytes = 65_536;

/** The names that `readFile` takes. */
export async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort();
}

// a link is not followed, a pipe not waited for
const how = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * One file of a folder: no path leads out of it, no link either.
 * @throws Error whose message may be shown to the caller
 */
export async function readFile(folder: string, name: string): Promise<string> {
  const known = await listFiles(folder);
  if (!known.includes(name)) throw new Error(`There is no such file. Files: ${known.join(', ')}`);
  await using file = await open(join(folder, name), how);
  const stat = await file.stat();
  if (!stat.isFile()) throw new Error('It is no file any more.');
  if (stat.size > maxBytes) throw new Error(`The file is longer than ${maxBytes} bytes.`);
  return file.readFile('utf8');
}
