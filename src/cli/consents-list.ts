import { loadConfigWith } from '../config/config.ts';
import { configFlags } from '../config/config-flags.ts';
import type { Consent } from '../store/consent-table.ts';
import { withDatabase } from './client-store.ts';
import { defineCommand } from './command.ts';
import { consentFilter, consentFlags, viewConsent } from './consent-view.ts';
import { printJson, printTable } from './print.ts';

export const consentsList = defineCommand({
  name: 'consents list',
  usage: '[--client ID] [--subject SUBJECT] [--json]',
  summary: 'list what people allowed to clients that registered themselves',
  positionals: 0,
  flags: { ...configFlags, ...consentFlags, json: { type: 'boolean', help: 'print JSON' } },
  async act(flags, io) {
    const config = loadConfigWith(flags, io.env);
    const filter = consentFilter(flags);
    const consents = await withDatabase(config, (store) => store.consents.list(filter));
    if (flags.switches.has('json')) io.out(printJson(consents.map(viewConsent)));
    else if (consents.length > 0) io.out(printTable([headings, ...consents.map(toRow)]));
    else io.out('no consents\n');
  },
});

const headings = [
  ...['LOGIN', 'SUBJECT', 'CLIENT', 'GOES TO', 'DEVICE', 'RESOURCE', 'SCOPES'],
  ...['GIVEN', 'USED', 'UNTIL'],
];

const toRow = (consent: Consent): string[] => [
  consent.login,
  consent.subject,
  consent.clientId,
  consent.redirectHost,
  consent.device ?? '-',
  consent.resource ?? '-',
  consent.scopes.length > 0 ? consent.scopes.join(' ') : '-',
  ...[consent.givenAt, consent.usedAt, consent.expiresAt].map(toDay),
];

const toDay = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 10);
