import { configFlags } from '../config/config-flags.ts';
import type { FlagSpecs } from '../config/flags.ts';
import { suggestion } from '../schema/nearest.ts';
import { type Command, usageLine } from './command.ts';

/** The help command over all others. */
export const makeHelp = (commands: readonly Command[]): Command => ({
  name: 'help',
  usage: '[COMMAND]',
  summary: 'explain the commands, or one of them',
  async run(args, io) {
    const wanted = args.join(' ');
    if (wanted === '') {
      io.out(overview(commands));
      return 0;
    }
    const found = commands.filter(({ name }) => name === wanted || name.startsWith(`${wanted} `));
    if (found.length > 0) {
      io.out(found.map(describeCommand).join('\n'));
      return 0;
    }
    io.err(unknownCommand(wanted, commands));
    return 2;
  },
});

export const unknownCommand = (wanted: string, commands: readonly Command[]): string => {
  const names = commands.map(({ name }) => name);
  const hint = suggestion(wanted, names) || '; "tsidp help" lists them';
  return `tsidp: there is no command ${JSON.stringify(wanted)}${hint}\n`;
};

const overview = (commands: readonly Command[]): string =>
  [
    'tsidp [FLAGS]            run the daemon',
    'tsidp COMMAND [FLAGS]    do one thing and exit',
    '',
    'Commands',
    ...aligned(commands.map(({ name, summary }) => [name, summary])),
    '',
    'Flags, with one dash or two; each wins over its environment variable, which wins over the file',
    ...flagLines(configFlags),
    '',
    '"tsidp help COMMAND" names the flags of one command.',
    '',
  ].join('\n');

const describeCommand = (command: Command): string => {
  const flags = Object.entries(command.flags ?? {});
  const own = flags.filter(([name]) => !Object.hasOwn(configFlags, name));
  return [
    `usage: ${usageLine(command)}`,
    `${command.summary}.`,
    ...flagLines(Object.fromEntries(own)),
    ...(own.length < flags.length ? ['The flags of the daemon work here too.'] : []),
    '',
  ].join('\n');
};

const flagLines = (flags: FlagSpecs): string[] =>
  aligned(
    Object.entries(flags).map(([name, { value, help }]) => [
      `--${name}${value === undefined ? '' : ` ${value}`}`,
      help,
    ]),
  );

const aligned = (rows: readonly (readonly [string, string])[]): string[] => {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
};
