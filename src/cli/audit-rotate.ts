import { rotateAudit } from '../audit/rotate.ts';
import { systemClock } from '../clock.ts';
import { loadConfigWith } from '../config/config.ts';
import { configFlags } from '../config/config-flags.ts';
import { openSqlite } from '../store/sqlite/sqlite.ts';
import { asOwner } from './as-owner.ts';
import { existingDatabase } from './client-store.ts';
import { defineCommand } from './command.ts';
import { printJson } from './print.ts';

export const auditRotate = defineCommand({
  name: 'audit rotate',
  usage: '[--json]',
  summary:
    'move records that are older or more than the configuration keeps into an archive now, as the daemon does each hour',
  positionals: 0,
  flags: { ...configFlags, json: { type: 'boolean', help: 'print JSON' } },
  async act(flags, io) {
    const config = loadConfigWith(flags, io.env);
    const path = existingDatabase(config);
    using _owner = asOwner(config.stateDirectory);
    const store = openSqlite({ path, clock: systemClock });
    try {
      const rotated = await rotateAudit(store, path, config.audit, systemClock.nowSeconds());
      const { records, path: archive } = rotated;
      io.out(
        flags.switches.has('json')
          ? printJson({ records, archive: archive ?? null })
          : `${records} records left the database${archive === undefined ? '' : ` for ${archive}`}\n`,
      );
    } finally {
      await store.close();
    }
  },
});
