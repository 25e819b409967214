import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { saveLogin } from '../contract/login.ts';
import { openStore, temporaryDirectory } from '../opened.ts';

/** T23: what is damaged is refused and left as it is. */
async function usedDatabase(): Promise<string> {
  const path = join(temporaryDirectory(), 'tsidp.db');
  const opened = openStore(path);
  for (let count = 0; count < 50; count += 1) await saveLogin(opened);
  await opened.store.close();
  return path;
}

/** Every file of the directory with a digest of its bytes. */
function fingerprint(directory: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(directory).map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(directory, name)))
        .digest('hex'),
    ]),
  );
}

function overwrite(path: string, change: (bytes: Buffer) => void): void {
  const bytes = readFileSync(path);
  change(bytes);
  writeFileSync(path, bytes);
}

const damages: readonly (readonly [string, (path: string) => void])[] = [
  ['garbage in its header', (path) => overwrite(path, (bytes) => bytes.fill(7, 0, 100))],
  ['a wrong page size in its header', (path) => overwrite(path, (bytes) => bytes.fill(0, 16, 18))],
  ['an overwritten schema', (path) => overwrite(path, (bytes) => bytes.fill(7, 100, 4096))],
  ['an overwritten page', (path) => overwrite(path, (bytes) => bytes.fill(7, 4096 * 8, 4096 * 9))],
  ['another program’s text', (path) => writeFileSync(path, '{"state": "json"}')],
  ['half its pages cut off', (path) => truncateSync(path, 4096 * 10)],
  ['half a page cut off', (path) => truncateSync(path, readFileSync(path).length - 2048)],
  ['10 bytes left', (path) => truncateSync(path, 10)],
  ['no byte left', (path) => truncateSync(path, 0)],
];

describe('a damaged database', () => {
  it.each(damages)('is refused and left untouched with %s', async (_, damage) => {
    const path = await usedDatabase();
    damage(path);
    const before = fingerprint(dirname(path));
    expect(() => openStore(path)).toThrow(
      new RegExp(`${path} is damaged: .*Nothing was touched.*from a backup; or move it away`),
    );
    expect(fingerprint(dirname(path))).toEqual(before);
  });

  it('is not so just because it is in use', async () => {
    const path = await usedDatabase();
    const first = openStore(path);
    await saveLogin(first);
    await first.store.committed();
    const second = openStore(path);
    await saveLogin(second);
    await second.store.committed();
  });

  it('is refused when it is another program’s', async () => {
    const path = join(temporaryDirectory(), 'other.db');
    const other = new DatabaseSync(path);
    other.exec('CREATE TABLE theirs (a)');
    other.close();
    const before = fingerprint(dirname(path));
    expect(() => openStore(path)).toThrow(/not tsidp's .*nothing was touched/);
    expect(fingerprint(dirname(path))).toEqual(before);
  });

  it('is refused when a newer release made it', async () => {
    const path = await usedDatabase();
    const newer = new DatabaseSync(path);
    newer.exec('PRAGMA user_version = 999');
    newer.close();
    const before = fingerprint(dirname(path));
    expect(() => openStore(path)).toThrow(/version 999, this release knows versions up to \d+/);
    expect(fingerprint(dirname(path))).toEqual(before);
  });
});
