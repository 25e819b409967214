import { audit } from './audit.ts';
import { auditRotate } from './audit-rotate.ts';
import { auditVerify } from './audit-verify.ts';
import { backup } from './backup.ts';
import { clientsAdd } from './clients-add.ts';
import { clientsList } from './clients-list.ts';
import { clientsApprove, clientsQuarantine, clientsRelease } from './clients-mark.ts';
import { clientsRemove } from './clients-remove.ts';
import { clientsRotateSecret } from './clients-rotate-secret.ts';
import { clientsShow } from './clients-show.ts';
import type { Command } from './command.ts';
import { configCheck } from './config-check.ts';
import { configReferenceCommand } from './config-reference.ts';
import { configSchema } from './config-schema.ts';
import { consentsList } from './consents-list.ts';
import { consentsRevoke } from './consents-revoke.ts';
import { doctor } from './doctor.ts';
import { explainCommand } from './explain.ts';
import { health } from './health.ts';
import { makeHelp, unknownCommand } from './help.ts';
import { importTsidp } from './import.ts';
import { jwksExport } from './jwks-export.ts';
import { resourcesList } from './resources-list.ts';
import { restore } from './restore.ts';
import { ruleSchemaCommand } from './rule-schema.ts';
import { tokensList } from './tokens-list.ts';
import { tokensRevoke } from './tokens-revoke.ts';
import { version } from './version.ts';
import { whoisCommand } from './whois.ts';

const actions: readonly Command[] = [
  clientsAdd,
  clientsList,
  clientsShow,
  clientsRotateSecret,
  clientsRemove,
  clientsApprove,
  clientsQuarantine,
  clientsRelease,
  resourcesList,
  audit,
  auditVerify,
  auditRotate,
  consentsList,
  consentsRevoke,
  tokensList,
  tokensRevoke,
  jwksExport,
  importTsidp,
  backup,
  restore,
  health,
  explainCommand,
  whoisCommand,
  doctor,
  configCheck,
  configSchema,
  configReferenceCommand,
  ruleSchemaCommand,
  version,
];
const help = makeHelp(actions);

/** Every command that can be named. */
export const commands: readonly Command[] = [...actions, help];

export interface FoundCommand {
  readonly args: readonly string[];
  readonly run: Command['run'];
}

const asksFor = (args: readonly string[], names: readonly string[]): boolean => {
  const end = args.indexOf('--');
  return (end === -1 ? args : args.slice(0, end)).some((argument) => names.includes(argument));
};
const helpFlags = ['--help', '-help', '-h'];
const versionFlags = ['--version', '-version'];

/**
 * The command that the arguments name, with what follows its name; undefined when they run the daemon. A name that
 * is none becomes a command that says so.
 */
export const findCommand = (argv: readonly string[]): FoundCommand | undefined => {
  const [first] = argv;
  if (first === undefined || first.startsWith('-')) {
    if (asksFor(argv, helpFlags)) return { args: [], run: help.run };
    return asksFor(argv, versionFlags) ? { args: [], run: version.run } : undefined;
  }
  const command = [2, 1]
    .map((words) => argv.slice(0, words).join(' '))
    .map((name) => commands.find((candidate) => candidate.name === name))
    .find((found) => found !== undefined);
  if (command === undefined) return describeGroup(argv);
  const args = argv.slice(command.name.split(' ').length);
  return asksFor(args, helpFlags)
    ? { args: command === help ? [] : [command.name], run: help.run }
    : { args, run: command.run };
};

/** `tsidp clients` alone explains the commands that begin so. */
const describeGroup = (argv: readonly string[]): FoundCommand => {
  const words = argv.filter((word) => !word.startsWith('-')).slice(0, 2);
  const [group = ''] = words;
  const isGroup = actions.some(({ name }) => name.startsWith(`${group} `));
  if (isGroup && words.length === 1) return { args: [group], run: help.run };
  return {
    args: [],
    async run(_, io) {
      io.err(unknownCommand(words.join(' '), commands));
      return 2;
    },
  };
};
