import type { Identity } from '../../identity/identity.ts';
import { subjectOf } from '../../identity/subject.ts';
import { type Act, actorsOf, type MayAct } from '../../protocol/actor-chain.ts';

export interface Actor {
  readonly identity: Identity;
  readonly clientId: string;
}

/** Why a chain can't become longer by this actor. */
export type ChainProblem = 'itself' | 'loop' | 'depth';

/**
 * The chain with one more actor, outermost. Without an actor the chain stays as it is: nobody who acted is forgotten.
 * @param subject whose token it is
 * @param maxDepth how many actors a chain may have
 */
export function extendChain(
  chain: Act | undefined,
  actor: Actor | undefined,
  { subject, maxDepth }: { readonly subject: string; readonly maxDepth: number },
): { readonly act: Act | undefined } | { readonly problem: ChainProblem } {
  if (!actor) return { act: chain };
  const { identity, clientId } = actor;
  const sub = subjectOf(identity);
  const before = actorsOf(chain);
  if (sub === subject) return { problem: 'itself' };
  if (before.includes(sub)) return { problem: 'loop' };
  if (before.length >= maxDepth) return { problem: 'depth' };
  return {
    act: {
      sub,
      client_id: clientId,
      ...(identity.kind === 'machine'
        ? { node: identity.node.name.replace(/\.$/, ''), tags: identity.tags }
        : {}),
      ...(chain ? { act: chain } : {}),
    },
  };
}

/** Does the subject token let this actor act? One without `may_act` says nothing of it; every member must fit. */
export function mayAct(allowed: MayAct | undefined, actor: Actor | undefined): boolean {
  if (allowed === undefined) return true;
  if (!actor) return false;
  const { identity, clientId } = actor;
  const tags = identity.kind === 'machine' ? identity.tags : [];
  const { sub, tags: anyOf, client_id: client } = allowed;
  if (sub === undefined && anyOf === undefined && client === undefined) return false;
  return (
    (sub === undefined || sub === subjectOf(identity)) &&
    (anyOf === undefined || anyOf.some((tag) => tags.includes(tag))) &&
    (client === undefined || client === clientId)
  );
}
