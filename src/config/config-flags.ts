import { membersOf, type OptionSource } from '../schema/option.ts';
import type { FlagSpec, FlagSpecs } from './flags.ts';
import { fileSchema } from './schema.ts';

const spec = ({ flag, variables }: OptionSource): [string, FlagSpec][] => {
  if (flag === undefined) return [];
  const strongest = variables?.at(-1);
  const help = strongest === undefined ? flag.help : `${flag.help} ($${strongest})`;
  const of: FlagSpec =
    flag.value === undefined
      ? { type: 'boolean', help }
      : { type: 'string', value: flag.value, help };
  return [[flag.name, of]];
};

/** Flags of the daemon, which every command takes too: those of the configuration's members, and a few more. */
export const configFlags: FlagSpecs = {
  config: { type: 'string', value: 'FILE', help: 'configuration file ($TSIDP_CONFIG)' },
  ...Object.fromEntries(membersOf(fileSchema).flatMap(({ source }) => spec(source))),
  'local-port': {
    type: 'string',
    value: 'PORT',
    help: "serve apps of this machine on loopback, too; -1 doesn't ($TSIDP_LOCAL_PORT)",
  },
  'enable-sts': {
    type: 'boolean',
    help: "tsidp's; token exchange is on already, for whom grants allow it ($TSIDP_ENABLE_STS)",
  },
  'debug-all-requests': { type: 'boolean', help: "tsidp's; says what to do instead" },
  'debug-tsnet': {
    type: 'boolean',
    help: "show tailscaled's log, where tsidp runs its own ($TSIDP_DEBUG_TSNET)",
  },
  help: { type: 'boolean', help: 'print this text' },
  version: { type: 'boolean', help: 'print the version' },
};
