import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { findCommand } from '../../src/cli/commands.ts';
import { systemClock } from '../../src/clock.ts';
import { databasePath } from '../../src/store/sqlite/open.ts';
import { openSqlite } from '../../src/store/sqlite/sqlite.ts';
import type { Store } from '../../src/store/store.ts';

export interface Result {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

async function* once(text: string): AsyncGenerator<Uint8Array> {
  // In two pieces, as pipes may give it.
  const bytes = Buffer.from(text);
  yield bytes.subarray(0, 3);
  yield bytes.subarray(3);
}

/** Runs a command as `main.ts` does, with a state directory of the test's own. */
export const makeCli = (env: Record<string, string> = {}) => {
  const parent = mkdtempSync(join(tmpdir(), 'tsidp-cli-'));
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }));
  const directory = join(parent, 'state');
  return {
    parent,
    directory,
    async run(argv: readonly string[], stdin = ''): Promise<Result> {
      const command = findCommand(argv);
      if (command === undefined) throw new Error(`${argv.join(' ')} runs the daemon`);
      let [out, err] = ['', ''];
      const exitCode = await command.run(command.args, {
        out: (text) => {
          out += text;
        },
        err: (text) => {
          err += text;
        },
        env: { TSIDP_STATE_DIR: directory, ...env },
        stdin: once(stdin),
      });
      return { exitCode, out, err };
    },
    /** What a daemon would see. */
    async withStore<T>(act: (store: Store) => Promise<T>): Promise<T> {
      const store = openSqlite({ path: databasePath(directory), clock: systemClock });
      try {
        return await act(store);
      } finally {
        await store.close();
      }
    },
  };
};
