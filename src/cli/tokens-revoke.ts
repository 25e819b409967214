import { systemClock } from '../clock.ts';
import { loadConfigWith } from '../config/config.ts';
import { configFlags } from '../config/config-flags.ts';
import { type Family, shortNameLength } from '../store/family-table.ts';
import type { Store } from '../store/store.ts';
import { withDatabase } from './client-store.ts';
import { CommandError, defineCommand, UsageError } from './command.ts';
import { familyFilter, familyFlags, viewFamily } from './family-view.ts';
import { printJson } from './print.ts';

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
      const families = await store.families.list(filter);
      await store.families.revoke(families);
      for (const family of families) recordRevocation(store, family);
      await store.committed();
      return families;
    });
    if (revoked.length === 0) {
      throw new CommandError('there are no such tokens: "tsidp tokens list" names them');
    }
    if (flags.switches.has('json')) io.out(printJson({ revoked: revoked.map(viewFamily) }));
    else {
      const what = revoked.length === 1 ? '1 token family' : `${revoked.length} token families`;
      io.out(
        `revoked ${what}. Resources that verify JWTs by themselves accept those that are out until they expire\n`,
      );
    }
  },
});

/** Durable with the revocation itself. */
const recordRevocation = ({ audit }: Store, family: Family): void => {
  audit.append({
    at: systemClock.nowSeconds(),
    event: 'revocation',
    subject: family.subject,
    client: family.clientId,
    device: family.device,
    reason: 'revoked by an administrator',
    jti: [family.name.slice(0, shortNameLength)],
    detail: { by: 'cli' },
  });
};
