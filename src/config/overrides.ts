import { z } from 'zod';
import { type JsonPath, valueAt } from '../schema/document.ts';
import { membersOf, type OptionSource } from '../schema/option.ts';
import type { ParsedFlags } from './flags.ts';
import { fileSchema } from './schema.ts';

/** One setting from outside the file. `source` is how messages call it: `--issuer` or `TSIDP_ISSUER`. */
export interface Override {
  readonly path: JsonPath;
  readonly value: unknown;
  readonly source: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** A number where the text is one; other text stays, and the schema refuses it with its own words. */
const asNumber = (text: string): string | number => (/^\d{1,9}$/u.test(text) ? Number(text) : text);

/** Members that take a whole number, whatever is optional about it. */
const takesNumber = (schema: z.ZodType): boolean =>
  z.toJSONSchema(schema, { io: 'input' }).type === 'integer';

interface Setting {
  readonly variables: readonly string[];
  readonly flag: OptionSource['flag'];
  readonly path: readonly string[];
  readonly read: (text: string) => unknown;
}

/** What takes the place of the file's value as it is written. */
const settings: readonly Setting[] = membersOf(fileSchema)
  .filter(({ source }) => source.upstream === undefined && (source.flag ?? source.variables))
  .map(({ path, schema, source: { flag, variables = [] } }) => ({
    variables,
    flag,
    path,
    read: takesNumber(schema) ? asNumber : (text) => text,
  }));

/** Kubernetes sets `TSIDP_PORT=tcp://…` in every pod beside a Service named tsidp; that is nobody's wish. */
const isServiceLink = (variable: string, value: string): boolean =>
  variable === 'TSIDP_PORT' && value.startsWith('tcp://');

export const variable = (env: Environment, name: string): string | undefined => {
  const value = env[name];
  return value === undefined || value === '' || isServiceLink(name, value) ? undefined : value;
};

const flagText = (flag: OptionSource['flag'], flags: ParsedFlags): unknown => {
  if (flag === undefined) return undefined;
  return flag.value === undefined
    ? flags.switches.has(flag.name) || undefined
    : flags.strings[flag.name]?.at(-1);
};

/** What environment and flags set, one entry a setting: the strongest source of each. */
export const collectOverrides = (env: Environment, flags: ParsedFlags): Override[] =>
  settings.flatMap(({ variables, flag, path, read }) => {
    const candidates = [
      ...variables.map((name) => ({ source: name, value: variable(env, name) as unknown })),
      { source: `--${flag?.name}`, value: flagText(flag, flags) },
    ];
    const strongest = candidates.findLast(({ value }) => value !== undefined);
    if (strongest === undefined) return [];
    const { source, value } = strongest;
    return [{ path, value: typeof value === 'string' ? read(value) : value, source }];
  });

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A copy of the file's data with the overrides in it. Where the file has nonsense, it stays, to be refused. */
export const applyOverrides = (data: unknown, overrides: readonly Override[]): unknown => {
  if (!isObject(data)) return data;
  const root: Record<string, unknown> = { ...data };
  for (const { path, value } of overrides) {
    const [first, second] = path;
    if (second === undefined) root[String(first)] = value;
    else {
      const section = valueAt(root, [String(first)]) ?? {};
      if (isObject(section)) root[String(first)] = { ...section, [second]: value };
    }
  }
  return root;
};
