import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { loadConfigWith } from '../config/config.ts';
import { configFlags } from '../config/config-flags.ts';
import { backUp } from '../store/sqlite/copy.ts';
import { existingDatabase } from './client-store.ts';
import { CommandError, defineCommand } from './command.ts';
import { printJson } from './print.ts';

export const backup = defineCommand({
  name: 'backup',
  usage: 'FILE [--json]',
  summary: 'copy the database into a file, also while the daemon runs',
  positionals: 1,
  flags: { ...configFlags, json: { type: 'boolean', help: 'print JSON' } },
  async act(flags, io) {
    const config = loadConfigWith(flags, io.env);
    const { stateDirectory } = config;
    const database = existingDatabase(config);
    const file = resolve(flags.positionals[0] ?? '');
    refuseTarget(file, database);
    await backUp(database, file);
    const { size: bytes } = statSync(file);
    const hasNode = existsSync(join(stateDirectory, 'tailscaled.state'));
    io.out(
      flags.switches.has('json')
        ? printJson({ file, bytes })
        : `wrote ${file} (${bytes} bytes): signing keys, clients, logins and the audit record. Keep it as secret as the state directory itself.\n${hasNode ? nodeHint(stateDirectory) : ''}`,
    );
  },
});

/** The daemon's own files are no place for a copy of them. */
const refuseTarget = (file: string, database: string): void => {
  const isOurs =
    dirname(file) === dirname(resolve(database)) && basename(file).startsWith(basename(database));
  if (isOurs) throw new CommandError(`${file} belongs to the daemon: choose another name`);
  if (!existsSync(dirname(file))) {
    throw new CommandError(`there is no directory ${dirname(file)}: make it first`);
  }
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats && !stats.isFile()) {
    throw new CommandError(`${file} is not a file: name the file to write, not its directory`);
  }
};

const nodeHint = (stateDirectory: string): string =>
  `Not in it: the node's own identity, ${join(stateDirectory, 'tailscaled.state')}. Copy that, too: without it a restored daemon is another node, with another name and issuer.\n`;
