import { parseArgs } from 'node:util';
import { suggestion } from '../schema/nearest.ts';

export interface FlagSpec {
  readonly type: 'string' | 'boolean';
  /** May be given more than once; its value is then a list. */
  readonly multiple?: boolean;
  /** Name of the value in the usage text, e.g. `FILE`. */
  readonly value?: string;
  readonly help: string;
}

export type FlagSpecs = Readonly<Record<string, FlagSpec>>;

export interface ParsedFlags {
  readonly strings: Readonly<Record<string, readonly string[]>>;
  readonly switches: ReadonlySet<string>;
  /** Those that were written as off: `-funnel=false`. */
  readonly switchedOff: ReadonlySet<string>;
  readonly positionals: readonly string[];
  /** Each names the flag and what to write instead. */
  readonly problems: readonly string[];
}

/** As Go's `strconv.ParseBool` reads it; undefined for anything else. */
export const booleanOf = (text: string): boolean | undefined => {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true;
  return ['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text) ? false : undefined;
};

/** `-config` as Go programs take it means `--config`; a lone dash and what follows `--` stay as they are. */
const withTwoDashes = (argv: readonly string[]): string[] => {
  const end = argv.indexOf('--');
  return argv.map((argument, index) =>
    (end === -1 || index < end) && /^-[A-Za-z]/u.test(argument) ? `-${argument}` : argument,
  );
};

const fromArgv = (argv: readonly string[], specs: FlagSpecs) =>
  parseArgs({
    args: withTwoDashes(argv),
    options: Object.fromEntries(
      Object.entries(specs).map(([name, { type }]) => [name, { type, multiple: true }]),
    ),
    // Trouble is collected below, all of it, and worded with the nearest name.
    strict: false,
    allowPositionals: true,
    tokens: true,
  }).tokens;

/** Why a flag can't be taken. `inline` values stand behind `=` and may begin with a dash. */
const refuse = (
  name: string,
  value: string | undefined,
  inline: boolean,
  specs: FlagSpecs,
): string | undefined => {
  const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
  if (spec === undefined) {
    const guess = suggestion(name, Object.keys(specs)).replace('"', '"--');
    return `--${name}: there is no such flag${guess || '; --help lists them'}`;
  }
  if (spec.type === 'boolean') {
    const isFine = value === undefined || booleanOf(value) !== undefined;
    return isFine ? undefined : `--${name}: takes no value: write it alone`;
  }
  // a negative number is no flag: tsidp is told -local-port -1
  return value === undefined || (!inline && /^-(?!\d+$)/u.test(value))
    ? `--${name}: needs a value: write --${name} ${spec.value ?? 'VALUE'}`
    : undefined;
};

/** Reads flags that begin with one dash or two. A flag that may stand once and stands twice keeps its last value. */
export const parseFlags = (argv: readonly string[], specs: FlagSpecs): ParsedFlags => {
  const tokens = fromArgv(argv, specs);
  const options = tokens.filter((token) => token.kind === 'option');
  const refused = options.map(({ name, value, inlineValue }) =>
    refuse(name, value, inlineValue ?? false, specs),
  );
  const taken = options.filter((_, index) => refused[index] === undefined);
  const valuesOf = (name: string): string[] =>
    taken.filter((option) => option.name === name).map(({ value }) => value ?? 'true');

  const strings: Record<string, string[]> = {};
  const switches = new Set<string>();
  const switchedOff = new Set<string>();
  for (const [name, spec] of Object.entries(specs)) {
    const values = valuesOf(name);
    const last = values.at(-1);
    if (spec.type === 'boolean' && last !== undefined) {
      (booleanOf(last) === true ? switches : switchedOff).add(name);
    }
    if (spec.type === 'string' && values.length > 0) {
      strings[name] = spec.multiple === true ? values : values.slice(-1);
    }
  }
  return {
    strings,
    switches,
    switchedOff,
    positionals: tokens.filter((token) => token.kind === 'positional').map(({ value }) => value),
    problems: refused.filter((problem) => problem !== undefined),
  };
};
