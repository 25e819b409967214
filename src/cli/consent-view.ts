import type { FlagSpecs, ParsedFlags } from '../config/flags.ts';
import type { Consent, ConsentFilter } from '../store/consent-table.ts';

/** Which consents a command is about. */
export const consentFlags: FlagSpecs = {
  client: { type: 'string', value: 'ID', help: 'only what this client may get' },
  subject: { type: 'string', value: 'SUBJECT', help: 'only of this person, e.g. userid:12' },
};

export const consentFilter = ({ strings }: ParsedFlags): ConsentFilter => ({
  clientId: strings['client']?.at(-1),
  subject: strings['subject']?.at(-1),
});

const toTime = (seconds: number): string => new Date(seconds * 1000).toISOString();

/** A consent as JSON shows it, with times that people can read. */
export const viewConsent = (consent: Consent) => ({
  subject: consent.subject,
  login: consent.login,
  clientId: consent.clientId,
  redirectHost: consent.redirectHost,
  device: consent.device ?? null,
  resource: consent.resource ?? null,
  scopes: consent.scopes,
  givenAt: toTime(consent.givenAt),
  usedAt: toTime(consent.usedAt),
  expiresAt: toTime(consent.expiresAt),
});
