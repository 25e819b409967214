import { systemClock } from '../clock.ts';
import { loadConfigWith } from '../config/config.ts';
import { configFlags } from '../config/config-flags.ts';
import type { Consent } from '../store/consent-table.ts';
import type { Store } from '../store/store.ts';
import { withDatabase } from './client-store.ts';
import { CommandError, defineCommand, UsageError } from './command.ts';
import { consentFilter, consentFlags, viewConsent } from './consent-view.ts';
import { printable, printJson } from './print.ts';

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
      const revoked = Map.groupBy(
        await store.consents.revoke(filter),
        ({ subject, clientId }) => `${subject} ${clientId}`,
      );
      for (const consents of revoked.values()) recordRevocation(store, consents);
      await store.committed();
      return [...revoked.values()];
    });
    if (pairs.length === 0) {
      throw new CommandError('there is no such consent: "tsidp consents list" names them');
    }
    if (flags.switches.has('json')) io.out(printJson({ revoked: pairs.flat().map(viewConsent) }));
    else io.out(pairs.map(sentence).join(''));
  },
});

/** Durable with the revocation itself. One record for all that one person allowed to one client. */
const recordRevocation = ({ audit }: Store, consents: readonly Consent[]): void => {
  const [first] = consents;
  if (first === undefined) return;
  const resources = [...new Set(consents.flatMap(({ resource }) => resource ?? []))];
  audit.append({
    at: systemClock.nowSeconds(),
    event: 'consent',
    subject: first.subject,
    login: first.login,
    client: first.clientId,
    scope: [...new Set(consents.flatMap(({ scopes }) => scopes))].join(' '),
    reason: 'revoked',
    detail: { by: 'cli', ...(resources.length > 0 ? { resources } : {}) },
  });
};

const sentence = ([first]: readonly Consent[]): string =>
  first === undefined
    ? ''
    : `revoked what ${printable(first.login)} (${printable(first.subject)}) allowed to ${printable(first.clientId)}: its tokens have ended, and the page is shown again\n`;
