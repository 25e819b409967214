import { loadConfigWith } from '../config/config.ts';
import { configFlags } from '../config/config-flags.ts';
import type { Ending } from '../endings/ending.ts';
import type { Family } from '../store/family-table.ts';
import { withDatabase } from './client-store.ts';
import { CommandError, defineCommand, UsageError } from './command.ts';
import { familyFilter, familyFlags, viewFamily } from './family-view.ts';
import { printJson } from './print.ts';
import { storeEndings } from './store-endings.ts';

export const tokensRevoke = defineCommand({
  name: 'tokens revoke',
  usage: '[--subject S] [--client ID] [--device D] [--chain JTI] [--json]',
  summary: 'end token families, and all that were exchanged for their tokens',
  positionals: 0,
  flags: { ...configFlags, ...familyFlags, json: { type: 'boolean', help: 'print JSON' } },
  async act(flags, io) {
    const filter = familyFilter(flags);
    if (Object.values(filter).every((value) => value === undefined)) {
      throw new UsageError('say which: --subject S, --client ID, --device D or --chain JTI');
    }
    const config = loadConfigWith(flags, io.env);
    const revoked = await withDatabase(config, async (store) => {
      const endings = storeEndings(store);
      const ended: Family[] = [];
      for (const family of await store.families.list(filter)) {
        if ((await endings.end(endingOf(family))).length > 0) ended.push(family);
      }
      await store.committed();
      return ended;
    });
    if (revoked.length === 0) {
      throw new CommandError('there are no such tokens: "tsidp tokens list" names them');
    }
    if (flags.switches.has('json')) io.out(printJson({ revoked: revoked.map(viewFamily) }));
    else {
      const what = revoked.length === 1 ? '1 token family' : `${revoked.length} token families`;
      io.out(
        `revoked ${what}. Resources that verify JWTs by themselves accept those already issued until they expire\n`,
      );
    }
  },
});

const endingOf = ({ name, subject, clientId, device }: Family): Ending => ({
  what: { kind: 'family', name },
  why: 'administrator',
  record: {
    subject,
    client: clientId,
    device,
    reason: 'revoked by an administrator',
    detail: { by: 'cli' },
  },
});
