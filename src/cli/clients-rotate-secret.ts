import { systemClock } from '../clock.ts';
import { checkChosenSecret } from '../config/client-schema.ts';
import { configFlags } from '../config/flags.ts';
import { loadConfigWith } from '../config.ts';
import { loadOrCreateSecretKey } from '../provider/secret-key.ts';
import { generateSecret, hashChosen, hashGenerated } from '../provider/secrets.ts';
import { changeClient } from './client-store.ts';
import { CommandError, defineCommand } from './command.ts';
import { printJson } from './print.ts';
import { readSecret } from './read-secret.ts';

export const clientsRotateSecret = defineCommand({
  name: 'clients rotate-secret',
  usage: 'ID [--secret-stdin] [--json]',
  summary: "replace an app's secret; the old one is refused at once",
  positionals: 1,
  flags: {
    ...configFlags,
    'secret-stdin': { type: 'boolean', help: 'take the secret from standard input' },
    json: { type: 'boolean', help: 'print JSON' },
  },
  async act(flags, io) {
    const id = flags.positionals[0] ?? '';
    const config = loadConfigWith(flags, io.env);
    const chosen = flags.switches.has('secret-stdin')
      ? await readSecret(io, checkChosenSecret)
      : undefined;
    const secret = chosen ?? generateSecret();
    await changeClient(config, id, 'rotate-secret', async (client, store) => {
      if (client.secretVerifier === null) {
        throw new CommandError(`client "${id}" is public: it has no secret to replace`);
      }
      const secretVerifier =
        chosen === undefined
          ? hashGenerated(secret, await loadOrCreateSecretKey(store, systemClock))
          : await hashChosen(chosen);
      await store.clients.save({
        ...client,
        secretVerifier,
        updatedAt: systemClock.nowSeconds(),
      });
    });
    const shown = chosen === undefined ? secret : undefined;
    if (flags.switches.has('json')) {
      io.out(printJson({ client_id: id, ...(shown && { client_secret: shown }) }));
    } else {
      io.out(`client ID      ${id}\n`);
      io.out(
        `client secret  ${shown ? `${shown}   (shown this once: only a digest of it is kept)` : '(the one you gave)'}\n`,
      );
      io.out('The old secret is refused from now on.\n');
    }
  },
});
