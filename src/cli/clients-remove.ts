import { loadConfigWith } from '../config/config.ts';
import { configFlags } from '../config/config-flags.ts';
import { withClients } from './clients.ts';
import { defineCommand } from './command.ts';
import { printable, printJson } from './print.ts';

export const clientsRemove = defineCommand({
  name: 'clients remove',
  usage: 'ID [--json]',
  summary: 'remove an app; its codes and tokens end with it',
  positionals: 1,
  flags: { ...configFlags, json: { type: 'boolean', help: 'print JSON' } },
  async act(flags, io) {
    const id = flags.positionals[0] ?? '';
    const config = loadConfigWith(flags, io.env);
    const { metadata } = await withClients(config, (clients) => clients.remove(id));
    const name = String(metadata['client_name'] ?? id);
    io.out(
      flags.switches.has('json')
        ? printJson({ removed: id })
        : `removed ${printable(id)} (${printable(name)}): logins with it are refused from now on, its codes, access and refresh tokens have ended\n`,
    );
  },
});
