import { checkChosenSecret } from '../config/client-schema.ts';
import { loadConfigWith } from '../config/config.ts';
import { configFlags } from '../config/config-flags.ts';
import { withClients } from './clients.ts';
import { defineCommand } from './command.ts';
import { printJson, shownOnce } from './print.ts';
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
    const secret = await withClients(config, (clients) => clients.rotateSecret(id, chosen));
    if (flags.switches.has('json')) {
      io.out(printJson({ client_id: id, ...(secret && { client_secret: secret }) }));
      return;
    }
    io.out(`client ID      ${id}\n`);
    io.out(`client secret  ${secret ? shownOnce(secret) : '(the one you gave)'}\n`);
    io.out('The old secret is refused from now on.\n');
  },
});
