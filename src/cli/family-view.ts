import type { FlagSpecs, ParsedFlags } from '../config/flags.ts';
import { type Family, type FamilyFilter, shortNameLength } from '../store/family-table.ts';
import { printable } from './print.ts';

export const familyFlags: FlagSpecs = {
  subject: { type: 'string', value: 'S', help: 'whose: userid:1, node:n…; also who acts' },
  client: { type: 'string', value: 'ID', help: 'of this client' },
  device: { type: 'string', value: 'D', help: 'from the device with this StableID' },
  chain: { type: 'string', value: 'JTI', help: 'what a token came from, and what came from it' },
};

export const familyFilter = (flags: ParsedFlags): FamilyFilter => ({
  subject: flags.strings['subject']?.at(-1),
  clientId: flags.strings['client']?.at(-1),
  device: flags.strings['device']?.at(-1),
  token: flags.strings['chain']?.at(-1),
});

/** As programs read it; names as audit records have them. */
export const viewFamily = (family: Family): Readonly<Record<string, unknown>> => ({
  ...family,
  name: family.name.slice(0, shortNameLength),
  parents: family.parents.map((parent) => parent.slice(0, shortNameLength)),
  createdAt: toTime(family.createdAt),
  ...(family.expiresAt === undefined ? {} : { expiresAt: toTime(family.expiresAt) }),
});

export const familyHeadings = [
  ...['NAME', 'SUBJECT', 'CLIENT', 'DEVICE', 'RESOURCES', 'SCOPES'],
  ...['ACTING', 'FROM', 'SINCE', 'UNTIL'],
];

export const familyRow = (family: Family): string[] =>
  [
    family.name.slice(0, shortNameLength),
    family.subject ?? '-',
    family.clientId ?? '-',
    family.device ?? '-',
    family.resources.join(' ') || '-',
    family.scopes.join(' ') || '-',
    family.actors.join(' < ') || '-',
    family.parents.map((parent) => parent.slice(0, shortNameLength)).join(' ') || '-',
    toTime(family.createdAt),
    family.expiresAt === undefined ? '-' : toTime(family.expiresAt),
  ].map(printable);

const toTime = (seconds: number): string =>
  new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
