import { membersOf } from '../schema/option.ts';
import { booleanOf, type ParsedFlags } from './flags.ts';
import type { BackchannelListen } from './listen.ts';
import { type Environment, type Override, variable } from './overrides.ts';
import { fileSchema } from './schema.ts';

/** What tsidp's own flags and variables ask for, beside those that are settings of ours (`overrides.ts`). */
export interface Upstream {
  /** Name of the node that tsidp would make of itself, and so of its issuer. Default in tsidp: `idp`. */
  readonly hostname: string | undefined;
  /** Port on loopback for apps on this machine; undefined: none. */
  readonly localPort: number | undefined;
  /** False only when it was said; tsidp is then a node of its own, which is its default. */
  readonly useLocalTailscaled: boolean | undefined;
  readonly funnel: boolean;
  readonly enableSts: boolean;
  /** Show tailscaled's own log. */
  readonly debugTailscaled: boolean;
  /** A secret: it logs a node in. Not to be logged or printed. */
  readonly authKey: string | undefined;
  /** Tags that the node asks for; undefined when none are named. */
  readonly advertiseTags: readonly string[] | undefined;
}

/** A value and how messages call its source: `--hostname` or `TS_HOSTNAME`. */
interface Given {
  readonly text: string;
  readonly source: string;
}

interface Named {
  readonly variables: readonly string[];
  readonly flag: string | undefined;
}

const declared = membersOf(fileSchema);

/** As the member declares it, so that it stands in one place. */
const asDeclared = (path: string): Named => {
  const { variables = [], flag } =
    declared.find((member) => member.path.join('.') === path)?.source ?? {};
  return { variables, flag: flag?.name };
};

const texts = {
  hostname: asDeclared('tailscaled.hostname'),
  localPort: { variables: ['TSIDP_LOCAL_PORT'], flag: 'local-port' },
  authKey: asDeclared('tailscaled.authKey'),
  advertiseTags: asDeclared('tailscaled.advertiseTags'),
  wipCode: { variables: ['TAILSCALE_USE_WIP_CODE'], flag: undefined },
} satisfies Record<string, Named>;

const switches = {
  useLocalTailscaled: asDeclared('tailscaled.managed'),
  funnel: asDeclared('listen.funnel'),
  enableSts: { variables: ['TSIDP_ENABLE_STS'], flag: 'enable-sts' },
  debugAllRequests: { variables: ['TSIDP_DEBUG_ALL_REQUESTS'], flag: 'debug-all-requests' },
  debugTailscaled: { variables: ['TSIDP_DEBUG_TSNET'], flag: 'debug-tsnet' },
} satisfies Record<string, Named>;

type TextName = keyof typeof texts;
type SwitchName = keyof typeof switches;

/** A later variable wins over an earlier one, a flag over all. */
const strongest = (
  { variables, flag }: Named,
  env: Environment,
  flagText: string | undefined,
): Given | undefined => {
  if (flag !== undefined && flagText !== undefined) return { text: flagText, source: `--${flag}` };
  return variables
    .map((source) => ({ source, text: variable(env, source) }))
    .findLast((one): one is Given => one.text !== undefined);
};

export interface ReadUpstream {
  readonly upstream: Upstream;
  /** Each names the source and what to write instead. */
  readonly problems: readonly string[];
  /** How messages call the source of what was given, by name. */
  readonly sources: ReadonlyMap<TextName | SwitchName, string>;
}

export const readUpstream = (env: Environment, flags: ParsedFlags): ReadUpstream => {
  const problems: string[] = [];
  const sources = new Map<TextName | SwitchName, string>();
  const textOf = (name: TextName): Given | undefined => {
    const { flag } = texts[name];
    const given = strongest(texts[name], env, flag && flags.strings[flag]?.at(-1));
    if (given !== undefined) sources.set(name, given.source);
    return given;
  };
  const switchOf = (name: SwitchName): boolean | undefined => {
    const { flag = '' } = switches[name];
    const written = flags.switchedOff.has(flag) ? 'false' : undefined;
    const given = strongest(switches[name], env, flags.switches.has(flag) ? 'true' : written);
    if (given === undefined) return undefined;
    const value = booleanOf(given.text);
    if (value === undefined) {
      problems.push(`${given.source}: ${JSON.stringify(given.text)} must be "true" or "false"`);
    }
    sources.set(name, given.source);
    return value;
  };
  const tags = textOf('advertiseTags')?.text.split(',');
  const upstream: Upstream = {
    hostname: textOf('hostname')?.text,
    localPort: portOf(textOf('localPort'), problems),
    useLocalTailscaled: switchOf('useLocalTailscaled'),
    funnel: switchOf('funnel') ?? false,
    enableSts: switchOf('enableSts') ?? false,
    debugTailscaled: switchOf('debugTailscaled') ?? false,
    authKey: textOf('authKey')?.text,
    advertiseTags: tags?.map((tag) => tag.trim()).filter((tag) => tag !== ''),
  };
  // what is off needs no word, and these two are read for their word alone
  if (!switchOf('debugAllRequests')) sources.delete('debugAllRequests');
  textOf('wipCode');
  return { upstream, problems, sources };
};

/** tsidp's -1 means none. */
const portOf = (given: Given | undefined, problems: string[]): number | undefined => {
  if (given === undefined || given.text === '-1') return undefined;
  const port = /^\d{1,5}$/u.test(given.text) ? Number(given.text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  problems.push(
    `${given.source}: ${JSON.stringify(given.text)} must be a whole number from 1 to 65535, or -1 for none`,
  );
  return undefined;
};

/** Funnel is a member of the listener. Off is said only where the file says something: other kinds have no Funnel. */
export const funnelOverride = (
  { upstream, sources }: ReadUpstream,
  isInFile: boolean,
): Override[] => {
  const source = sources.get('funnel');
  if (source === undefined || !(upstream.funnel || isInFile)) return [];
  return [{ path: ['listen', 'funnel'], value: upstream.funnel, source }];
};

/** tsidp's port on loopback: for apps' servers on this machine, as loopback says nothing of who is there (T25). */
export const localListeners = ({ upstream: { localPort } }: ReadUpstream): BackchannelListen[] =>
  localPort === undefined
    ? []
    : [
        {
          type: 'backchannel',
          address: '127.0.0.1',
          port: localPort,
          baseUrl: `http://localhost:${localPort}`,
          certificateFile: undefined,
          keyFile: undefined,
        },
      ];

/**
 * One sentence for each of tsidp's flags and variables that has no meaning here, with what to do instead.
 * @param managed tailscaled is ours, started and ended with the daemon
 */
export const upstreamWarnings = (
  { upstream, sources }: ReadUpstream,
  { managed }: { readonly managed: boolean },
): string[] => {
  const words: Readonly<Partial<Record<TextName | SwitchName, string | undefined>>> = {
    hostname: managed
      ? undefined
      : `the node is tailscaled's here: name it with "tailscale set --hostname=${upstream.hostname}"`,
    authKey: managed
      ? undefined
      : 'the node is tailscaled\'s here: log it in with "tailscale up --auth-key=…", and take the key out of this environment',
    advertiseTags: managed
      ? undefined
      : `the node is tailscaled's here: tag it with "tailscale up --advertise-tags=${upstream.advertiseTags?.join(',')}"`,
    debugTailscaled:
      managed || !upstream.debugTailscaled
        ? undefined
        : 'tailscaled writes its own log: "journalctl -u tailscaled" shows it',
    // on by default here, for whom grants allow it
    enableSts: undefined,
    debugAllRequests:
      'requests are never printed whole here, because they hold codes, tokens and secrets: the log says what failed and why, the audit record who did what',
    wipCode: 'is not needed here: remove it',
  };
  return [...sources].flatMap(([name, source]) => {
    const word = words[name];
    return word === undefined ? [] : [`${source}: ${word}`];
  });
};
