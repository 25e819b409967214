import { type JsonPath, valueAt } from './document.ts';
import type { ParsedFlags } from './flags.ts';

/** One setting from outside the file. `source` is how messages call it: `--issuer` or `TSIDP_ISSUER`. */
export interface Override {
  readonly path: JsonPath;
  readonly value: unknown;
  readonly source: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** A number where the text is one; other text stays, and the schema refuses it with its own words. */
const asNumber = (text: string): string | number => (/^\d{1,9}$/u.test(text) ? Number(text) : text);

const asText = (text: string): string => text;

/** Later entries win over earlier ones, flags over all of them. */
const settings: readonly {
  readonly variables: readonly string[];
  readonly flag: string;
  readonly path: JsonPath;
  readonly read: (text: string) => unknown;
}[] = [
  {
    variables: ['TS_STATE_DIR', 'TSIDP_STATE_DIR'],
    flag: 'dir',
    path: ['stateDirectory'],
    read: asText,
  },
  { variables: ['TSIDP_ISSUER'], flag: 'issuer', path: ['issuer'], read: asText },
  { variables: ['TSIDP_PORT'], flag: 'port', path: ['listen', 'port'], read: asNumber },
  { variables: ['TSIDP_LOG'], flag: 'log', path: ['log', 'level'], read: asText },
  {
    variables: ['TSIDP_TAILSCALED_SOCKET'],
    flag: 'tailscaled-socket',
    path: ['tailscaled', 'socket'],
    read: asText,
  },
];

/** Kubernetes sets `TSIDP_PORT=tcp://…` in every pod beside a Service named tsidp; that is nobody's wish. */
const isServiceLink = (variable: string, value: string): boolean =>
  variable === 'TSIDP_PORT' && value.startsWith('tcp://');

export const variable = (env: Environment, name: string): string | undefined => {
  const value = env[name];
  return value === undefined || value === '' || isServiceLink(name, value) ? undefined : value;
};

/** What environment and flags set, one entry a setting: the strongest source of each. */
export const collectOverrides = (env: Environment, flags: ParsedFlags): Override[] => {
  const found = settings.flatMap(({ variables, flag, path, read }) => {
    const candidates = [
      ...variables.map((name) => ({ source: name, text: variable(env, name) })),
      { source: `--${flag}`, text: flags.strings[flag]?.at(-1) },
    ];
    const strongest = candidates.findLast(({ text }) => text !== undefined);
    return strongest?.text === undefined
      ? []
      : [{ path, value: read(strongest.text), source: strongest.source }];
  });
  if (!flags.switches.has('plain-http')) return found;
  return [...found, { path: ['listen', 'plainHttp'], value: true, source: '--plain-http' }];
};

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
