import { type ClientOptions, clientOptionsSchema } from '../config/client-options.ts';
import type { StoredClient } from './store.ts';

/**
 * How a client's options stand beside its metadata: in a row of the database and in oidc-provider's clients as one
 * member, which no client can name of itself.
 */

export const optionsMember = 'tsidp';

/** Each option in a member of its own: so rows of 0.1.0 hold them, and so clients are shown. */
const shownName = (option: string): string =>
  `tsidp_${option.replace(/[A-Z]/gu, (letter) => `_${letter.toLowerCase()}`)}`;

const optionNames = Object.keys(clientOptionsSchema.shape).map(
  (option) => [option, shownName(option)] as const,
);

type Members = Readonly<Record<string, unknown>>;

/** Is it ours to say? Whatever a client sends under such a name is dropped. */
export const isOwnMember = (name: string): boolean =>
  name === optionsMember || name.startsWith('tsidp_');

/** Metadata as a client may have named it. */
export function withoutOwnMembers(members: Members): Members {
  return Object.fromEntries(Object.entries(members).filter(([name]) => !isOwnMember(name)));
}

type Parts = Pick<StoredClient, 'metadata' | 'options'>;

/** What a row holds. */
export function joinMembers({ metadata, options }: Parts): Members {
  return { ...withoutOwnMembers(metadata), [optionsMember]: options };
}

/** The parts of what a row holds, or of what is shown. Only we write either, after the configuration's schema. */
export function splitMembers(members: Members): Parts {
  const options = members[optionsMember] ?? shownOptions(members);
  return { metadata: withoutOwnMembers(members), options: options as ClientOptions };
}

function shownOptions(members: Members): ClientOptions {
  return Object.fromEntries(
    optionNames.flatMap(([option, name]) =>
      members[name] === undefined ? [] : [[option, members[name]]],
    ),
  );
}

/** As commands and the HTTP interface show it. */
export function showMembers({ metadata, options }: Parts): Members {
  const shown = optionNames.flatMap(([option, name]) => {
    const value = options[option as keyof ClientOptions];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...metadata, ...Object.fromEntries(shown) };
}
