import { loadConfigWith } from '../config/config.ts';
import { configFlags } from '../config/config-flags.ts';
import type { Consent } from '../store/consent-table.ts';
import { withDatabase } from './client-store.ts';
import { CommandError, defineCommand, UsageError } from './command.ts';
import { consentFilter, consentFlags, viewConsent } from './consent-view.ts';
import { printable, printJson } from './print.ts';
import { storeEndings } from './store-endings.ts';

export const consentsRevoke = defineCommand({
  name: 'consents revoke',
  usage: '[--client ID] [--subject SUBJECT] [--json]',
  summary: 'take consents back; the logins and tokens under them end',
  positionals: 0,
  flags: { ...configFlags, ...consentFlags, json: { type: 'boolean', help: 'print JSON' } },
  async act(flags, io) {
    const filter = consentFilter(flags);
    if (filter.clientId === undefined && filter.subject === undefined) {
      throw new UsageError('say whose: --client ID, --subject SUBJECT, or both');
    }
    const config = loadConfigWith(flags, io.env);
    const pairs = await withDatabase(config, async (store) => {
      const ended = await storeEndings(store).end({
        what: { kind: 'consents', filter },
        why: 'consent-revoked',
        record: { reason: 'revoked', detail: { by: 'cli' } },
      });
      await store.committed();
      return ended.flatMap(({ what }) => (what.kind === 'consents' ? [what.consents] : []));
    });
    if (pairs.length === 0) {
      throw new CommandError('there is no such consent: "tsidp consents list" names them');
    }
    if (flags.switches.has('json')) io.out(printJson({ revoked: pairs.flat().map(viewConsent) }));
    else io.out(pairs.map(sentence).join(''));
  },
});

const sentence = ([first]: readonly Consent[]): string =>
  first === undefined
    ? ''
    : `revoked what ${printable(first.login)} (${printable(first.subject)}) allowed to ${printable(first.clientId)}: its tokens have ended, and the page is shown again\n`;
