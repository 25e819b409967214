import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lockDirectory } from '../../src/store/sqlite/lock.ts';
import { openStore, temporaryDirectory } from './opened.ts';

function mode(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}

describe('files', () => {
  it('makes the directory 0700 and every file 0600', async () => {
    const directory = join(temporaryDirectory(), 'deep', 'state');
    const { store } = openStore(join(directory, 'tsidp.db'));
    store.audit.append({ at: 1, event: 'start' });
    await store.committed();
    const lock = lockDirectory(directory);
    await store.backup(join(directory, 'copy.db'));
    expect(mode(directory)).toBe('700');
    const names = readdirSync(directory).sort();
    expect(names).toEqual([
      'copy.db',
      'lock',
      'lock.pid',
      'tsidp.db',
      'tsidp.db-shm',
      'tsidp.db-wal',
    ]);
    for (const name of names) expect(`${name} ${mode(join(directory, name))}`).toBe(`${name} 600`);
    lock.release();
  });

  it('closes what others may read', async () => {
    const directory = temporaryDirectory();
    const path = join(directory, 'tsidp.db');
    await openStore(path).store.close();
    chmodSync(directory, 0o755);
    chmodSync(path, 0o644);
    openStore(path);
    expect([mode(directory), mode(path)]).toEqual(['700', '600']);
  });

  it('refuses a directory that others may write to', () => {
    const directory = join(temporaryDirectory(), 'state');
    mkdirSync(directory);
    chmodSync(directory, 0o770);
    expect(() => openStore(join(directory, 'tsidp.db'))).toThrow(
      new RegExp(`${directory} is writable by others .*chmod 700 ${directory}`),
    );
    expect(readdirSync(directory)).toEqual([]);
    expect(mode(directory)).toBe('770');
  });

  it.each(['', '-wal'])('refuses a database whose file%s others may write to', async (suffix) => {
    const path = join(temporaryDirectory(), 'tsidp.db');
    await openStore(path).store.close();
    if (suffix) writeFileSync(path + suffix, '');
    chmodSync(path + suffix, 0o606);
    expect(() => openStore(path)).toThrow(new RegExp(`chmod 600 ${path}${suffix}`));
  });

  it('refuses a directory in the place of the database, and a file in that of the directory', () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'tsidp.db'));
    expect(() => openStore(join(directory, 'tsidp.db'))).toThrow(/is not a file/);
    const file = join(directory, 'file');
    writeFileSync(file, '');
    expect(() => openStore(join(file, 'tsidp.db'))).toThrow(/cannot use the state directory/);
  });
});

describe('backup', () => {
  it('holds everything committed so far and opens as a store', async () => {
    const directory = temporaryDirectory();
    const { store } = openStore(join(directory, 'tsidp.db'));
    store.audit.append({ at: 1, event: 'start' });
    const copy = join(directory, 'copy.db');
    await store.backup(copy);
    store.audit.append({ at: 2, event: 'start' });
    await store.committed();
    expect(await openStore(copy).store.audit.list(9)).toHaveLength(1);
  });

  it('says why it could not be made, and leaves no part of it', async () => {
    const directory = temporaryDirectory();
    const { store } = openStore(join(directory, 'tsidp.db'));
    await expect(store.backup(join(directory, 'missing', 'copy.db'))).rejects.toThrow(
      /cannot copy .*tsidp\.db to .*ENOENT/,
    );
    await expect(openStore(':memory:').store.backup(join(directory, 'c'))).rejects.toThrow(
      /in memory/,
    );
    expect(readdirSync(directory).filter((name) => !name.startsWith('tsidp.db'))).toEqual([]);
  });
});
