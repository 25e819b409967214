import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { openSqlite, type SqliteStore } from '../../src/store/sqlite/sqlite.ts';

/** A clock that stands until a test moves it. */
export class TestClock {
  now = 1_800_000_000;
  nowSeconds(): number {
    return this.now;
  }
}

export interface Opened {
  readonly store: SqliteStore;
  readonly clock: TestClock;
}

export type Open = () => Opened;

/** Runs a script of `children/`, and ends it with the test. */
export function startChild(script: string, argument: string): Child {
  const url = new URL(`children/${script}`, import.meta.url);
  const child = spawn(process.execPath, [fileURLToPath(url), argument], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await closed;
  });
  return {
    pid: child.pid,
    lines: createInterface(child.stdout)[Symbol.asyncIterator](),
    async kill() {
      child.kill('SIGKILL');
      await closed;
    },
  };
}

export interface Child {
  readonly pid: number | undefined;
  /** Of its standard output. */
  readonly lines: AsyncIterableIterator<string>;
  /** `kill -9`, and waits until it is gone. */
  kill(): Promise<void>;
}

/** A directory that goes away with the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'tsidp-store-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A store that is closed with the test. */
export function openStore(path: string, clock = new TestClock()): Opened {
  const store = openSqlite({
    path,
    clock,
    refreshGraceSeconds: 10,
  });
  onTestFinished(() => store.close());
  return { store, clock };
}

export const openMemory: Open = () => openStore(':memory:');

export const openFile: Open = () => openStore(join(temporaryDirectory(), 'state', 'tsidp.db'));
