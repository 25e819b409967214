import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { Logger } from '../log.ts';
import type { NodeStatus } from '../peer/status.ts';
import type { Store } from '../store/store.ts';
import { readFormerNode, requireSameName } from './former-node.ts';
import { importState } from './import.ts';
import { isKnown } from './plan.ts';
import { reportOf, requireWhole } from './report.ts';
import { TakeoverError } from './takeover-error.ts';
import { hasTsidpState, readTsidpState, type TsidpState } from './tsidp-state.ts';

/**
 * What a daemon that starts has to take over from its own state directory: tsidp's files, if nothing was ever
 * imported. Later changes of those files are told, not followed: somebody may go on editing what no longer counts.
 * @throws {TakeoverError} when the files are damaged or can't be taken over whole
 */
export async function pendingTakeover(
  directory: string,
  store: Store,
  log: Logger,
): Promise<TsidpState | undefined> {
  if (!hasTsidpState(directory)) return undefined;
  const imports = await store.imports.list();
  if (imports.length > 0) {
    warnOfChanges(directory, imports, log);
    return undefined;
  }
  const state = readTsidpState(directory);
  if (state) requireWhole(state);
  return state;
}

function warnOfChanges(
  directory: string,
  imports: Awaited<ReturnType<Store['imports']['list']>>,
  log: Logger,
): void {
  const see = `"tsidp import ${directory} --dry-run" says what is new in them`;
  try {
    const state = readTsidpState(directory);
    if (!state || isKnown(state, imports)) return;
    log.warn(`tsidp's files in ${directory} are not those that were taken over: ${see}`);
  } catch (error) {
    if (!(error instanceof TakeoverError)) throw error;
    log.warn(`tsidp's files in ${directory} were taken over before and are damaged now: ${see}`);
  }
}

export interface TakeoverParts {
  readonly config: Pick<Config, 'issuer' | 'tailscaled' | 'upstream'>;
  readonly node: Pick<NodeStatus, 'stableId' | 'dnsName'>;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Apps know tsidp by its node's name. @throws {TakeoverError} when this node has another one */
export function requireFormerName(
  { directory }: TsidpState,
  { config, node }: Pick<TakeoverParts, 'config' | 'node'>,
): void {
  // who names the issuer has decided what apps know us by
  if (config.issuer !== undefined) return;
  const { hostname, useLocalTailscaled } = config.upstream;
  const { managed } = config.tailscaled;
  const former = readFormerNode(directory);
  requireSameName({
    node,
    former,
    hostname: managed?.hostname ?? (useLocalTailscaled ? undefined : hostname),
    directory,
    managed: managed !== undefined,
  });
}

/** To be called once we listen: from then on it is us whom apps talk to. @throws {StoreError} nothing was changed then */
export async function takeOver(
  state: TsidpState,
  { store, clock, log }: Pick<TakeoverParts, 'store' | 'clock' | 'log'>,
): Promise<void> {
  const { directory } = state;
  const plan = await importState(state, { store, clock, by: 'start' });
  const { done, notes } = reportOf(state, plan, 'did');
  for (const line of done) log.info(line);
  for (const line of notes) log.warn(line);
  log.info(
    `tsidp's files in ${directory} were left as they are and are not read again; docs/moving-from-tsidp.md tells the way back`,
  );
}
