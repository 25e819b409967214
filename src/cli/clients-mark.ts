import type { Mark } from '../clients/mark-clients.ts';
import { loadConfigWith } from '../config/config.ts';
import { configFlags } from '../config/config-flags.ts';
import { withClients } from './clients.ts';
import { type Command, defineCommand } from './command.ts';
import { printable, printJson } from './print.ts';

/** What an administrator says of an app that registered itself. */
const command = (mark: Mark, summary: string, done: string): Command =>
  defineCommand({
    name: `clients ${mark}`,
    usage: 'ID [--json]',
    summary,
    positionals: 1,
    flags: { ...configFlags, json: { type: 'boolean', help: 'print JSON' } },
    async act(flags, io) {
      const id = flags.positionals[0] ?? '';
      const config = loadConfigWith(flags, io.env);
      const view = await withClients(config, (clients) => clients.mark(id, mark));
      const name = String(view.metadata['client_name'] ?? id);
      io.out(
        flags.switches.has('json')
          ? printJson(view)
          : `${printable(id)} (${printable(name)}): ${done}\n`,
      );
    },
  });

export const clientsApprove = command(
  'approve',
  'let people enter an app that registered itself without asking them',
  'people may enter it without being asked from now on, until something changes that says who it is or where it sends people',
);
export const clientsQuarantine = command(
  'quarantine',
  'keep everybody out of an app that registered itself',
  'nobody may enter it from now on, and its tokens are not renewed',
);
export const clientsRelease = command(
  'release',
  'take back an approval or a quarantine: people are asked',
  'people may enter it from now on, and are asked first',
);
