import type { Identity, Known } from '../identity/identity.ts';
import { namesResource } from '../protocol/resource.ts';
import { type Denied, denied, type Lack } from './decision.ts';
import { type Rule, type Rules, rulesOf } from './grant.ts';
import { Trace, type TraceLine } from './trace.ts';

/** Somebody with their rules, both from the same answer of whois. */
export interface Party {
  readonly identity: Identity;
  readonly rules: Rules;
}

export function partyOf({ identity, capMap }: Known): Party {
  return { identity, rules: rulesOf(capMap) };
}

export interface ActQuestion {
  /** Whose token is exchanged. */
  readonly subject: Party;
  /** Who will act with the new token (RFC 8693 `act`). Undefined: the new token is the subject's alone. */
  readonly actor: Party | undefined;
  /** The audiences asked for. Every one must be allowed. */
  readonly resources: readonly string[];
}

export type ActDecision =
  | { readonly allowed: true; readonly trace: readonly TraceLine[] }
  | (Denied & {
      readonly refused: readonly string[];
      /** Whose rules the remedy is about. */
      readonly lacking?: 'subject' | 'actor';
    });

const maxResources = 100;

/**
 * May a token of the subject be exchanged for these resources, for this actor? The subject's own rules must let
 * tokens of theirs go there (`users` with `resources`, as in tsidp), and the actor's must let it act for the subject:
 * by `may_act_for`, or by `users` with `resources` of its own. Every step's field says whose rule it is.
 */
export function decideAct({ subject, actor, resources }: ActQuestion): ActDecision {
  const trace = new Trace(subject.rules);
  const wanted = [...new Set(resources)];
  if (wanted.length === 0 || wanted.length > maxResources) {
    trace.conclude({ field: 'resources', outcome: `${wanted.length} are asked for` });
    const reason = `a token exchange needs a resource or audience, at most ${maxResources} of them`;
    return { ...denied([{ reason }], trace.lines()), refused: wanted };
  }
  const bySubject = wanted.filter((uri) => !subjectAllows(subject, uri, trace));
  const byActor = actor ? wanted.filter((uri) => !actorMay(actor, subject, uri, trace)) : [];
  const refused = wanted.filter((uri) => bySubject.includes(uri) || byActor.includes(uri));
  if (refused.length === 0) return { allowed: true, trace: trace.lines() };
  const lacking = bySubject.length > 0 ? 'subject' : 'actor';
  const lack =
    lacking === 'subject' ? subjectLack(subject, bySubject) : actorLack(subject, byActor);
  return { ...denied([lack], trace.lines()), refused, lacking };
}

/** Resources that the rules name, without `*`: where a machine may get tokens for itself. */
export function grantedResources({ identity, rules }: Party): readonly string[] {
  const named = rules.rules
    .filter(({ users = [] }) => users.some((user) => means(user, identity, true)))
    .flatMap(({ resources = [] }) => resources);
  return [...new Set(named.filter((uri) => uri !== '*' && uri !== ''))];
}

function subjectAllows({ identity, rules }: Party, uri: string, trace: Trace): boolean {
  for (const { users, resources, index } of rules.rules) {
    if (!users || !resources) continue;
    const outcome = usersOutcome(users, resources, identity, uri);
    if (outcome === undefined) {
      const line = 'lets tokens of this subject go to the resource';
      trace.conclude({ rule: index, field: 'subject.resources', outcome: line });
      return true;
    }
    trace.note({ rule: index, field: 'subject.resources', outcome });
  }
  const outcome = 'no rule of the subject names the resource';
  trace.conclude({ field: 'subject.resources', outcome });
  return false;
}

function actorMay(actor: Party, subject: Party, uri: string, trace: Trace): boolean {
  for (const rule of actor.rules.rules) {
    const field = actingField(rule, subject.identity, uri);
    if (field === undefined) continue;
    trace.conclude({
      rule: rule.index,
      field: `actor.${field}`,
      outcome: 'lets the actor act for this subject',
    });
    return true;
  }
  const outcome = 'no rule of the actor lets it act for this subject at the resource';
  trace.conclude({ field: 'actor.may_act_for', outcome });
  return false;
}

function actingField(rule: Rule, subject: Identity, uri: string): string | undefined {
  const { may_act_for = [], users = [], resources } = rule;
  const there = resources === undefined || namesResource(resources, uri);
  if (there && may_act_for.some((name) => means(name, subject, false))) return 'may_act_for';
  const exchanged = users.some((name) => means(name, subject, true));
  return exchanged && resources && namesResource(resources, uri) ? 'users' : undefined;
}

function usersOutcome(
  users: readonly string[],
  resources: readonly string[],
  identity: Identity,
  uri: string,
): string | undefined {
  if (!users.some((name) => means(name, identity, true))) return 'is about other users';
  return namesResource(resources, uri) ? undefined : 'names other resources';
}

/** @param machines does `*` mean machines, too? */
function means(name: string, identity: Identity, machines: boolean): boolean {
  if (identity.kind === 'user') return name === '*' || name === identity.login;
  return (machines && name === '*') || identity.tags.includes(name);
}

/** Never `*`: in the grants of whoever acts, it would let them act for everybody. */
function nameOf(identity: Identity): string[] {
  return identity.kind === 'user' ? [identity.login] : identity.tags.slice(0, 1);
}

function subjectLack({ identity }: Party, refused: readonly string[]): Lack {
  return {
    reason: `no grant of the tailnet policy lets tokens of this ${identity.kind} go to ${list(refused)} (users, resources)`,
    rule: { users: nameOf(identity), resources: [...refused] },
  };
}

function actorLack({ identity }: Party, refused: readonly string[]): Lack {
  return {
    reason: `no grant of the tailnet policy lets the actor act for this ${identity.kind} at ${list(refused)} (may_act_for)`,
    rule: { may_act_for: nameOf(identity), resources: [...refused] },
  };
}

function list(uris: readonly string[]): string {
  return uris.length > 3 ? `${uris.slice(0, 3).join(', ')} and others` : uris.join(', ');
}
