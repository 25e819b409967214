import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { evaluate } from '../../examples/mcp-server/expression.ts';
import { listFiles, readFile } from '../../examples/mcp-server/folder.ts';

describe('run_code', () => {
  test.each([
    ['1', 1],
    ['1 + 2 * 3', 7],
    ['(1+2)*3', 9],
    ['8 - 4 - 2', 2],
    ['100 / 10 / 2', 5],
    ['7 % 4', 3],
    ['-(2 - 5)', 3],
    ['- -1', 1],
    ['1.5*2 ', 3],
  ])('%s', (code, value) => {
    expect(evaluate(code)).toBe(value);
  });

  test.each([
    '',
    '1 +',
    '1 2',
    '(1',
    '1)',
    '()',
    '* 2',
    '1 / 0',
    'process.exit()',
    '1; 2',
    '2 ** 3',
    '1e5',
    '__proto__',
    `${'('.repeat(50)}1${')'.repeat(50)}`,
    '-'.repeat(100),
    '1'.repeat(201),
  ])('refuses %s', (code) => {
    expect(() => evaluate(code)).toThrow(Error);
  });
});

describe('read_file', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mcp-files-'));
    await writeFile(join(folder, 'a.txt'), 'hello');
    await writeFile(join(folder, 'long.txt'), 'x'.repeat(65_537));
    await mkdir(join(folder, 'inner'));
    await symlink('/etc/hostname', join(folder, 'link.txt'));
    await symlink('a.txt', join(folder, 'alias.txt'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('reads and lists files, neither links nor folders', async () => {
    expect(await listFiles(folder)).toEqual(['a.txt', 'long.txt']);
    expect(await readFile(folder, 'a.txt')).toBe('hello');
  });

  test.each(['link.txt', 'alias.txt', 'inner', './a.txt', 'inner/../a.txt', 'b.txt'])(
    'refuses %s',
    async (name) => {
      await expect(readFile(folder, name)).rejects.toThrow('There is no such file. Files: a.txt');
    },
  );

  test('refuses what is too long', async () => {
    await expect(readFile(folder, 'long.txt')).rejects.toThrow('longer than');
  });
});
