import { type FlagSpecs, type ParsedFlags, parseFlags } from '../config/flags.ts';
import type { Environment } from '../config/overrides.ts';

/** What a command sees of the process; `main.ts` gives it the real one. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  readonly env: Environment;
  readonly stdin?: AsyncIterable<string | Uint8Array>;
  /** Aborted by Ctrl-C, which then no longer ends the process by itself. */
  readonly signal?: AbortSignal;
}

export interface Command {
  /** One or two words, e.g. `clients add`. */
  readonly name: string;
  /** What follows the name, e.g. `ID [--json]`. */
  readonly usage: string;
  /** One line without a full stop. */
  readonly summary: string;
  /** Flags of its own, beside those of the configuration. */
  readonly flags?: FlagSpecs;
  /**
   * Runs with what follows its name; answers the exit code: 0, 1 when it could not do it, 2 when it was called
   * wrongly.
   * @throws {ConfigError | StoreError} which `main.ts` prints
   */
  run(args: readonly string[], io: Io): Promise<number>;
}

/** A command called wrongly: `run` of `defineCommand` prints it with the usage and answers 2. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** What a command could not do, in words for people: printed alone, answered 1. */
export class CommandError extends Error {
  override name = 'CommandError';
}

interface Definition extends Omit<Command, 'run' | 'flags'> {
  readonly flags: FlagSpecs;
  readonly positionals: number;
  /** Answers another exit code than 0 where a command has one, or nothing. */
  readonly act: (flags: ParsedFlags, io: Io) => Promise<number | undefined> | Promise<void>;
}

/** A command that reads its flags, all trouble at once, before it acts. */
export const defineCommand = ({ positionals, act, ...command }: Definition): Command => ({
  ...command,
  async run(args, io) {
    const flags = parseFlags(args, command.flags);
    try {
      refuseFlags(flags, positionals);
      return (await act(flags, io)) ?? 0;
    } catch (error) {
      if (error instanceof CommandError) {
        io.err(`tsidp: ${error.message}\n`);
        return 1;
      }
      if (!(error instanceof UsageError)) throw error;
      io.err(`tsidp ${command.name}: ${error.message}\nusage: ${usageLine(command)}\n`);
      return 2;
    }
  },
});

const refuseFlags = (flags: ParsedFlags, positionals: number): void => {
  const extra = flags.positionals.slice(positionals).map((word) => `"${word}": too many arguments`);
  const problems = [...flags.problems, ...extra];
  if (flags.positionals.length < positionals) problems.push('an argument is missing');
  if (problems.length > 0) throw new UsageError(problems.join('\n'));
};

export const usageLine = ({ name, usage }: Pick<Command, 'name' | 'usage'>): string =>
  `tsidp ${name} ${usage}`.trimEnd();
