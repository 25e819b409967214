import { loadConfigWith } from '../config/config.ts';
import { configFlags } from '../config/config-flags.ts';
import { algorithmsInUse } from '../tokens/algorithms-in-use.ts';
import { publicKeySet } from '../tokens/keys.ts';
import { withExistingStore } from './client-store.ts';
import { CommandError, defineCommand } from './command.ts';
import { printJson } from './print.ts';

export const jwksExport = defineCommand({
  name: 'jwks export',
  usage: '',
  summary: 'print the public keys (RFC 7517), for verifiers that cannot reach this server',
  positionals: 0,
  flags: configFlags,
  async act(flags, io) {
    const config = loadConfigWith(flags, io.env);
    const keys = await withExistingStore(config, async (store) =>
      publicKeySet(store, await algorithmsInUse(config, store.clients)),
    );
    if (keys.keys.length === 0) {
      throw new CommandError(
        `there are no keys in ${config.stateDirectory}: the daemon makes them at its first start`,
      );
    }
    io.out(printJson(keys));
  },
});
