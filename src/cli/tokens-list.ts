import { loadConfigWith } from '../config/config.ts';
import { configFlags } from '../config/config-flags.ts';
import { withDatabase } from './client-store.ts';
import { defineCommand } from './command.ts';
import { familyFilter, familyFlags, familyHeadings, familyRow, viewFamily } from './family-view.ts';
import { printJson, printTable } from './print.ts';

export const tokensList = defineCommand({
  name: 'tokens list',
  usage: '[--subject S] [--client ID] [--device D] [--chain JTI] [--json]',
  summary: 'list the token families that are alive: logins, machine tokens, exchanged tokens',
  positionals: 0,
  flags: { ...configFlags, ...familyFlags, json: { type: 'boolean', help: 'print JSON' } },
  async act(flags, io) {
    const config = loadConfigWith(flags, io.env);
    const families = await withDatabase(config, (store) =>
      store.families.list(familyFilter(flags)),
    );
    if (flags.switches.has('json')) io.out(printJson(families.map(viewFamily)));
    else if (families.length > 0) io.out(printTable([familyHeadings, ...families.map(familyRow)]));
    else io.out('no tokens\n');
  },
});
