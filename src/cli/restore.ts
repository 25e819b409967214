import { resolve } from 'node:path';
import { systemClock } from '../clock.ts';
import { loadConfigWith } from '../config/config.ts';
import { configFlags } from '../config/config-flags.ts';
import { restoreDatabase } from '../store/sqlite/restore.ts';
import { withStore } from './client-store.ts';
import { defineCommand } from './command.ts';
import { printJson } from './print.ts';

export const restore = defineCommand({
  name: 'restore',
  usage: 'FILE [--json]',
  summary: 'replace the database of a stopped daemon with a backup, keeping the old one',
  positionals: 1,
  flags: { ...configFlags, json: { type: 'boolean', help: 'print JSON' } },
  async act(flags, io) {
    const config = loadConfigWith(flags, io.env);
    const file = resolve(flags.positionals[0] ?? '');
    const stamp = new Date(systemClock.nowSeconds() * 1000)
      .toISOString()
      .replace(/[-:]|\.\d+/gu, '');
    const aside = await restoreDatabase(config.stateDirectory, file, `before-restore-${stamp}`);
    await withStore(config, async (store) => {
      const detail = { action: 'restore', by: 'cli' };
      store.audit.append({ at: systemClock.nowSeconds(), event: 'start', detail });
      await store.committed();
    });
    const old = aside === undefined ? 'There was no database before.' : `The old one is ${aside}.`;
    io.out(
      flags.switches.has('json')
        ? printJson({ restored: file, old: aside ?? null })
        : `restored ${file}. ${old}\nEverything is as it was when the backup was made: what was revoked, removed or rotated since then is valid again until it is revoked once more.\n`,
    );
  },
});
