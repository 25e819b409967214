import { valueAt } from '../schema/document.ts';
import { type Environment, type Override, variable } from './overrides.ts';
import type { FileConfig } from './schema.ts';
import type { ReadUpstream } from './upstream.ts';

/** The tailscaled that we run ourselves. */
export interface ManagedConfig {
  /** Absolute; undefined: looked for. */
  readonly path: string | undefined;
  /** A secret. At most one of the two is given. */
  readonly authKey: string | undefined;
  /** Absolute. */
  readonly authKeyFile: string | undefined;
  readonly hostname: string | undefined;
  readonly controlUrl: string | undefined;
  readonly advertiseTags: readonly string[];
  readonly extraArgs: readonly string[];
}

interface Whether {
  /** The file's data. */
  readonly data: unknown;
  readonly read: ReadUpstream;
  readonly overrides: readonly Override[];
  /** tsidp's node lives in the state directory. */
  readonly hasNode: () => boolean;
}

/** tsidp's flags and variables that make sense for a node of one's own only. */
const nodeNames = ['hostname', 'authKey', 'advertiseTags'] as const;

/**
 * Whether the node is our own. Who says so counts: tsidp's switch, then the file; and a socket, or the demo, says
 * no. Where nobody says anything we do what tsidp did here: its flags or the node that it left tell.
 */
export const isManaged = ({ data, read, overrides, hasNode }: Whether): boolean => {
  const { useLocalTailscaled } = read.upstream;
  if (useLocalTailscaled !== undefined) return !useLocalTailscaled;
  const managed = valueAt(data, ['tailscaled', 'managed']);
  if (managed !== undefined) return managed === true;
  const socket = overrides.some(({ path }) => path[0] === 'tailscaled' && path[1] === 'socket');
  if (socket || valueAt(data, ['tailscaled', 'socket']) !== undefined) return false;
  if (valueAt(data, ['listen', 'type']) === 'demo') return false;
  return nodeNames.some((name) => read.sources.has(name)) || hasNode();
};

const set = (name: string, value: unknown, source: string): Override => ({
  path: ['tailscaled', name],
  value,
  source,
});

/** What tsidp's flags and variables, and those of Tailscale's containers, say of a node of our own. */
export const managedOverrides = (read: ReadUpstream, env: Environment): Override[] => {
  const { upstream, sources } = read;
  const source = (name: (typeof nodeNames)[number]) => sources.get(name) ?? name;
  return [
    set('managed', true, 'tailscaled.managed'),
    ...extraArguments(env),
    ...(upstream.hostname === undefined
      ? []
      : [set('hostname', upstream.hostname, source('hostname'))]),
    ...(upstream.advertiseTags === undefined
      ? []
      : [set('advertiseTags', upstream.advertiseTags, source('advertiseTags'))]),
    ...keyFrom(upstream.authKey, source('authKey'), variable(env, 'TS_AUTHKEY_FILE')),
  ];
};

/** `file:/path` is how `tailscale up` and its containers name a file. One wish takes the place of the other. */
const keyFrom = (key: string | undefined, source: string, file: string | undefined): Override[] => {
  const named = key?.startsWith('file:') ? key.slice('file:'.length) : undefined;
  const path = named ?? (key === undefined ? file : undefined);
  if (path !== undefined) {
    const from = named === undefined ? 'TS_AUTHKEY_FILE' : source;
    return [set('authKey', undefined, from), set('authKeyFile', path, from)];
  }
  return key === undefined
    ? []
    : [set('authKeyFile', undefined, source), set('authKey', key, source)];
};

/** Flags of `tailscale up` that are settings of ours, too. */
const upFlags: Readonly<Record<string, (value: string, source: string) => Override[]>> = {
  'login-server': (value, source) => [set('controlUrl', value, source)],
  hostname: (value, source) => [set('hostname', value, source)],
  'advertise-tags': (value, source) => [set('advertiseTags', value.split(','), source)],
  'auth-key': (value, source) => keyFrom(value, source, undefined),
  authkey: (value, source) => keyFrom(value, source, undefined),
};

/**
 * `TS_EXTRA_ARGS` holds flags for `tailscale up` in Tailscale's containers: those that mean something to a login are
 * settings here, all others go to tailscaled, as those of `TS_TAILSCALED_EXTRA_ARGS` do; it refuses what it does not
 * know.
 */
const extraArguments = (env: Environment): Override[] => {
  const found: Override[] = [];
  const rest: string[] = [];
  for (const word of words(variable(env, 'TS_EXTRA_ARGS'))) {
    const [, name = '', value = ''] = /^--?([a-z-]+)=(.*)$/u.exec(word) ?? [];
    const setting = Object.hasOwn(upFlags, name) ? upFlags[name] : undefined;
    if (setting) found.push(...setting(value, 'TS_EXTRA_ARGS'));
    else rest.push(word);
  }
  rest.push(...words(variable(env, 'TS_TAILSCALED_EXTRA_ARGS')));
  return rest.length === 0 ? found : [...found, set('extraArgs', rest, 'TS_EXTRA_ARGS')];
};

const words = (text: string | undefined): string[] => text?.split(/\s+/u).filter(Boolean) ?? [];

/** @param absolute completes a path, given the name of its member: the file's are relative to it */
export const toManaged = (
  tailscaled: FileConfig['tailscaled'],
  absolute: (path: string, member: string) => string,
): ManagedConfig => {
  const file = (member: 'path' | 'authKeyFile') => {
    const given = tailscaled[member];
    return given === undefined ? undefined : absolute(given, member);
  };
  return {
    path: file('path'),
    authKey: tailscaled.authKey,
    authKeyFile: file('authKeyFile'),
    hostname: tailscaled.hostname,
    controlUrl: tailscaled.controlUrl,
    advertiseTags: tailscaled.advertiseTags ?? [],
    extraArgs: tailscaled.extraArgs ?? [],
  };
};
