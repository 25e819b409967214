import { readFileSync } from 'node:fs';
import { readFailure } from '../config/cross-check.ts';
import type { FlagSpecs, ParsedFlags } from '../config/flags.ts';
import { CommandError, UsageError } from './command.ts';

/** Flags of an app that signs assertions instead of sending a secret (`private_key_jwt`). */
export const keyFlags: FlagSpecs = {
  jwks: {
    type: 'string',
    value: 'FILE',
    help: 'public keys (JWK Set) of an app that signs instead of sending a secret',
  },
  'jwks-uri': { type: 'string', value: 'URI', help: 'where it publishes such keys instead' },
};

/** Flags of other ways to authenticate, or of none. */
const secretless = ['public', 'jwks', 'jwks-uri', 'peer-tag', 'peer-node'];

/** Is this app to get a secret that we make? @throws {UsageError} for two ways at once */
export const wantsSecret = (flags: ParsedFlags): boolean => {
  const used = [...secretless, 'secret-stdin'].filter((flag) => isGiven(flags, flag));
  if (used.length > 1) {
    throw new UsageError(
      `${used.map((flag) => `--${flag}`).join(' and ')} cannot be used together`,
    );
  }
  return used.length === 0;
};

const isGiven = ({ switches, strings }: ParsedFlags, flag: string): boolean =>
  switches.has(flag) || strings[flag] !== undefined;

/** What `--jwks` names, not yet checked. @throws {CommandError} when it can't be read */
export const readKeys = (flags: ParsedFlags): { readonly jwks?: unknown } => {
  const file = flags.strings['jwks']?.at(-1);
  if (file === undefined) return {};
  try {
    return { jwks: JSON.parse(readFileSync(file, 'utf8')) };
  } catch (cause) {
    const reason = cause instanceof SyntaxError ? 'is not JSON' : readFailure(cause);
    throw new CommandError(`--jwks: ${file}: ${reason}`, { cause });
  }
};
