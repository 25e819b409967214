import type { ClientFate, Plan } from './plan.ts';
import { TakeoverError } from './takeover-error.ts';
import type { TsidpState } from './tsidp-state.ts';

export interface Report {
  /** What was taken over, or will be. */
  readonly done: readonly string[];
  /** What somebody should know or do. */
  readonly notes: readonly string[];
}

const reasons: Readonly<Record<Exclude<ClientFate, 'new' | 'known'>, string>> = {
  changed:
    'was taken over before and has been ours since; what tsidp changed about it afterwards is not: "tsidp clients" changes it here',
  removed: 'was taken over before and removed here; it stays removed',
  taken: 'is the ID of another client here, which stays as it is',
};

/**
 * What an import did, in sentences. Names and URIs come from whoever registered the clients: whoever prints them
 * escapes them.
 * @param tense of a dry run or of the deed
 */
export function reportOf(state: TsidpState, plan: Plan, tense: 'will' | 'did'): Report {
  const taken = tense === 'did' ? 'took over' : 'would take over';
  const fresh = plan.clients.filter(({ fate }) => fate === 'new').map(({ client }) => client);
  const done = [
    ...(plan.key === 'new' ? [`${taken} the signing key ${state.key?.kid}: it signs RS256`] : []),
    ...fresh.map(({ id, name }) => `${taken} the client ${id} (${name})`),
  ];
  const notes = [
    ...fresh.flatMap(({ leftOut }) => leftOut.map((line) => `left out: ${line}`)),
    ...plan.clients.flatMap(({ client, fate }) =>
      fate === 'new' || fate === 'known' ? [] : [`${client.id} ${reasons[fate]}`],
    ),
    ...state.invalid.flatMap(({ problems }) => problems.map((line) => `skipped: ${line}`)),
    ...(state.key === undefined
      ? ['there is no oidc-key.json: apps will see a new key, which most fetch by themselves']
      : []),
  ];
  return { done, notes };
}

/**
 * Half an import is refused: an app would be missing, and nobody would see why.
 * @throws {TakeoverError}
 */
export function requireWhole({ invalid, directory }: TsidpState): void {
  if (invalid.length === 0) return;
  throw new TakeoverError([
    ...invalid.flatMap(({ problems }) => problems),
    `${invalid.length === 1 ? 'This client' : `These ${invalid.length} clients`} can't be taken over, so nothing was. Correct the file, or take over the rest: tsidp import ${directory} --skip-invalid`,
  ]);
}
