import type { FlagSpecs, ParsedFlags } from '../config/flags.ts';
import type { JsonPath } from '../schema/document.ts';
import { UsageError } from './command.ts';

/** Flags of an app that is a tagged node, and of who may act with an app's tokens. */
export const nodeFlags: FlagSpecs = {
  'peer-tag': {
    type: 'string',
    multiple: true,
    value: 'TAG',
    help: 'it is the tagged nodes with this tag, and needs no secret: the connection says who calls; again for each',
  },
  'peer-node': {
    type: 'string',
    value: 'STABLEID',
    help: 'it is this tagged node alone ("tsidp whois" names it)',
  },
  'may-act-tag': {
    type: 'string',
    multiple: true,
    value: 'TAG',
    help: 'only nodes with this tag may act with its tokens (RFC 8693); again for each; default: whom grants let',
  },
  'may-act-node': { type: 'string', value: 'STABLEID', help: 'only this tagged node may' },
  'may-act-client': { type: 'string', value: 'ID', help: 'only this client may' },
};

/** Which flag fills which member of `peer` and `mayAct`. */
const members: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  peer: { tags: 'peer-tag', node: 'peer-node' },
  mayAct: { tags: 'may-act-tag', node: 'may-act-node', client: 'may-act-client' },
};

/** `peer` and `mayAct` as the configuration file would have them, not yet checked. @throws {UsageError} for two at once */
export const readNodes = ({ strings }: ParsedFlags): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(members).flatMap(([member, flags]) => {
      const given = Object.entries(flags).filter(([, flag]) => strings[flag] !== undefined);
      const [first, ...others] = given;
      if (!first) return [];
      if (others.length > 0) {
        const names = given.map(([, flag]) => `--${flag}`).join(' and ');
        throw new UsageError(`${names} cannot be used together`);
      }
      const [inner, flag] = first;
      const values = strings[flag] ?? [];
      return [[member, { [inner]: inner === 'tags' ? values : values.at(-1) }]];
    }),
  );

/** The flag that a problem with the declaration is about. */
export const nodeFlagOf = ([member, inner]: JsonPath): string | undefined =>
  members[String(member)]?.[String(inner)];
