import { type Fields, object, optionalObject } from './answer.ts';

/** What tailscaled is to hand to us: requests to `host`:`port` of the node. */
export interface ServeEntry {
  /** The node's DNS name. */
  readonly host: string;
  readonly port: number;
  readonly plainHttp: boolean;
  /** Let the public internet in, too. */
  readonly funnel: boolean;
  /** Of the Unix socket that we answer at. */
  readonly socketPath: string;
}

/** Another program has our port, so what is there belongs to it. The message says how to end that. */
export class ServeConflict extends Error {
  override readonly name = 'ServeConflict';
}

/**
 * tailscaled's serve config with our entry under a session, which ends with that session. Entries of other programs
 * stay as they are; what we left behind under earlier sessions goes.
 * @param config as read, losslessly
 * @param cli how the operator calls this tailscaled, for the remedy
 * @returns undefined when everything is there already
 * @throws ServeConflict, LocalApiError `nonsense`
 */
export function withEntry(
  config: Fields,
  session: string,
  entry: ServeEntry,
  cli: string,
): Fields | undefined {
  if (isServedBy(config, entry)) return undefined;
  refuseTaken(config, entry, cli);
  const sessions = optionalObject(config['Foreground'], 'Foreground');
  const own = optionalObject(sessions[session], 'Foreground');
  const others = Object.entries(sessions).filter(
    ([name, one]) => name !== session && !isServedBy(object(one, 'Foreground'), entry),
  );
  for (const [, one] of others) refuseTaken(object(one, 'Foreground'), entry, cli);
  const isAlone = others.length === Object.keys(sessions).length - 1;
  if (isAlone && isServedBy(own, entry)) return undefined;
  return {
    ...config,
    Foreground: { ...Object.fromEntries(others), [session]: entryFields(entry) },
  };
}

/** The config without what stands under a session; undefined when nothing does. */
export function withoutEntry(config: Fields, session: string): Fields | undefined {
  const { [session]: own, ...others } = optionalObject(config['Foreground'], 'Foreground');
  if (own === undefined) return undefined;
  const { Foreground: _, ...rest } = config;
  return Object.keys(others).length === 0 ? rest : { ...rest, Foreground: others };
}

function entryFields({ host, port, plainHttp, funnel, socketPath }: ServeEntry): Fields {
  const place = `${host}:${port}`;
  return {
    TCP: { [port]: plainHttp ? { HTTP: true } : { HTTPS: true } },
    Web: { [place]: { Handlers: { '/': { Proxy: `unix:${socketPath}` } } } },
    ...(funnel ? { AllowFunnel: { [place]: true } } : {}),
  };
}

/** Are requests to our place handed to our socket here, by whomever? */
function isServedBy(config: Fields, { host, port, socketPath, funnel }: ServeEntry): boolean {
  const place = `${host}:${port}`;
  const web = optionalObject(optionalObject(config['Web'], 'Web')[place], 'Web');
  const handlers = optionalObject(web['Handlers'], 'Handlers');
  const root = optionalObject(handlers['/'], 'Handlers');
  const isFunnel = optionalObject(config['AllowFunnel'], 'AllowFunnel')[place] === true;
  return root['Proxy'] === `unix:${socketPath}` && (isFunnel || !funnel);
}

function refuseTaken(config: Fields, { port, plainHttp }: ServeEntry, cli: string): void {
  if (optionalObject(config['TCP'], 'TCP')[port] === undefined) return;
  const scheme = plainHttp ? 'http' : 'https';
  throw new ServeConflict(
    `Port ${port} of this node is served by another program already ("${cli} serve status --json" shows it). End that with "${cli} serve --${scheme}=${port} off", or choose another port (listen.port).`,
  );
}
