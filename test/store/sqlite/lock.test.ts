import { join } from 'node:path';
import { pid } from 'node:process';
import { expect, it, onTestFinished } from 'vitest';
import { lockDirectory } from '../../../src/store/sqlite/lock.ts';
import { StoreError } from '../../../src/store/store.ts';
import { startChild, temporaryDirectory } from '../opened.ts';

async function firstLine(directory: string): Promise<string> {
  const { value } = await startChild('holder.ts', directory).lines.next();
  return value;
}

it('keeps a second process out, by name, and lets it in afterwards', async () => {
  const directory = join(temporaryDirectory(), 'state');
  const lock = lockDirectory(directory);
  expect(await firstLine(directory)).toMatch(
    `StoreError: another tsidp (pid ${pid}) uses ${directory};`,
  );
  // Neither the refused attempt nor one from this very process loosens the lock.
  expect(() => lockDirectory(directory)).toThrow(StoreError);
  expect(await firstLine(directory)).toContain('another tsidp');
  lock.release();
  lock.release();
  expect(await firstLine(directory)).toBe('held');
});

it('leaves nothing behind when its process is killed', async () => {
  const directory = temporaryDirectory();
  const child = startChild('holder.ts', directory);
  expect((await child.lines.next()).value).toBe('held');
  expect(() => lockDirectory(directory)).toThrow(`another tsidp (pid ${child.pid})`);
  await child.kill();
  const lock = lockDirectory(directory);
  onTestFinished(() => lock.release());
});
