import { subjectOf } from '../../identity/subject.ts';
import { type ActDecision, decideAct, type Party } from '../../policy/decide-act.ts';
import { type Denied, denied } from '../../policy/decision.ts';
import { Trace, type TraceLine } from '../../policy/trace.ts';
import type { Act, MayAct } from '../../protocol/actor-chain.ts';
import { type Actor, type ChainProblem, extendChain, mayAct } from './actor-chain.ts';

export interface ExchangeQuestion {
  /** Whose token is exchanged. */
  readonly subject: Party;
  /** Who will act with the new token. Undefined: it is the subject's alone. */
  readonly acting: { readonly actor: Actor; readonly party: Party } | undefined;
  /** What the subject's token says of who may act, and of who does already. */
  readonly mayAct: MayAct | undefined;
  readonly act: Act | undefined;
  /** What the client that the subject's token was issued to says of who may act with its tokens. */
  readonly clientMayAct?: MayAct | undefined;
  /** Who acts already, newest: where nobody joins, the new token is for them to act with. */
  readonly current?: Party | undefined;
  /** The audiences asked for. */
  readonly targets: readonly string[];
  /** How many actors a chain may have. */
  readonly maxDepth: number;
}

/** `invalid_request`: what is wrong with a token, or with who presents it (RFC 8693 section 2.2.2). */
export type ExchangeDecision =
  | { readonly allowed: true; readonly act: Act | undefined; readonly trace: readonly TraceLine[] }
  | (Denied & { readonly error: 'invalid_request' })
  | (Extract<ActDecision, { allowed: false }> & { readonly error: 'invalid_target' });

/** May a token of the subject be exchanged for these resources, for this actor? By the token, the chain and the grants. */
export function decideExchange(question: ExchangeQuestion): ExchangeDecision {
  const { subject, acting, targets, maxDepth } = question;
  const limits = [question.mayAct, question.clientMayAct];
  if (limits.some((allowed) => !mayAct(allowed, acting?.actor))) {
    const outcome = 'names somebody else as the actor';
    return refused(question, 'may_act', outcome, `may_act of the subject_token ${outcome}`);
  }
  const who = { subject: subjectOf(subject.identity), maxDepth };
  const chain = extendChain(question.act, acting?.actor, who);
  if ('problem' in chain) {
    return refused(question, 'act', chain.problem, problems[chain.problem]);
  }
  const decision = decideAct({
    subject,
    actor: acting?.party ?? question.current,
    resources: targets,
  });
  if (!decision.allowed) return { ...decision, error: 'invalid_target' };
  return { allowed: true, act: chain.act, trace: decision.trace };
}

const problems: Readonly<Record<ChainProblem, string>> = {
  itself: 'the actor is the subject itself: nobody acts for themselves',
  loop: 'this actor stands in the chain of the subject_token already',
  depth: 'the chain of actors would be longer than the administrator allows',
};

function refused(
  { subject }: ExchangeQuestion,
  field: string,
  outcome: string,
  reason: string,
): ExchangeDecision {
  const trace = new Trace(subject.rules);
  trace.conclude({ field, outcome });
  return { ...denied([{ reason }], trace.lines()), error: 'invalid_request' };
}
