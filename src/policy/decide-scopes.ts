import { namesResource } from '../protocol/resource.ts';
import { identityScopes, isScope } from '../protocol/scope.ts';
import type { MappedScope } from './capability-scopes.ts';
import { type Denied, denied, type Lack } from './decision.ts';
import type { Rule, Rules } from './grant.ts';
import { WantedTexts } from './pattern.ts';
import { Trace, type TraceLine } from './trace.ts';

export interface ScopedResource {
  readonly uri: string;
  /** Every scope that it knows; others are never granted for it. */
  readonly scopes: readonly string[];
  /** Those that everybody may have who may enter the app. */
  readonly openScopes?: readonly string[] | undefined;
}

export interface ScopesQuestion {
  readonly rules: Rules;
  /** At most 100 count. */
  readonly requested: readonly string[];
  /** Undefined: the token names no resource (RFC 8707). */
  readonly resource?: ScopedResource | undefined;
  /** The only scopes that the client may have; undefined for all. */
  readonly clientScopes?: ReadonlySet<string> | undefined;
  /** What other capabilities give, by the configuration (`scopesOfCapabilities`). */
  readonly mapped?: readonly MappedScope[] | undefined;
}

interface Granted {
  /** Requested ∩ granted ∩ the resource's, in the order of the request. */
  readonly scopes: readonly string[];
  /** The rest of the request. */
  readonly refused: readonly string[];
}

/** Denied only where something was requested and nothing of it is left. */
export type ScopesDecision =
  | (Granted & {
      readonly allowed: true;
      readonly trace: readonly TraceLine[];
      /** What would give the refused ones; undefined where no grant can. */
      readonly remedy?: NonNullable<Denied['remedy']>;
    })
  | (Granted & Denied);

const maxRequested = 100;
const maxPatterns = 1000;

/** Which of the requested scopes may this peer's token hold? RFC 6749 section 3.3 lets the server grant less. */
export function decideScopes(question: ScopesQuestion): ScopesDecision {
  const trace = new Trace(question.rules);
  const wanted = [...new Set(question.requested)].slice(0, maxRequested);
  const granted = grantedScopes(wanted, question);
  const scopes: string[] = [];
  const grantable: string[] = [];
  for (const scope of wanted) {
    const verdict = judge(scope, question, granted);
    if (verdict.granted) scopes.push(scope);
    else if (verdict.grantable) grantable.push(scope);
    trace.conclude({ ...verdict.line, outcome: `${shown(scope)}: ${verdict.line.outcome}` });
  }
  const refused = [...new Set(question.requested)].filter((scope) => !scopes.includes(scope));
  const lines = trace.lines();
  const lack = lackOf(grantable, question.resource);
  const refusal = denied([lack], lines);
  if (scopes.length === 0 && wanted.length > 0) return { ...refusal, scopes, refused };
  const { remedy } = refusal;
  return { allowed: true, scopes, refused, trace: lines, ...(remedy ? { remedy } : {}) };
}

interface Origin {
  readonly rule?: number;
  readonly field: string;
}

/** What of the wanted scopes rules and other capabilities give for this resource. */
function grantedScopes(
  wanted: readonly string[],
  { rules, resource, mapped = [] }: ScopesQuestion,
): WantedTexts<Origin> {
  const here = (uri: string) => resource !== undefined && namesResource([uri], resource.uri);
  const granted = new WantedTexts<Origin>(new Set(wanted.filter(isScope)), maxPatterns);
  for (const { index, scopes = [] } of rules.rules) {
    const origin = { rule: index, field: 'scopes' };
    for (const entry of scopes) {
      for (const pattern of patternsOf(entry, here)) granted.give(pattern, origin);
    }
  }
  for (const { scope, resource: at, capability } of mapped) {
    if (at === undefined || here(at)) granted.give(scope, { field: capability });
  }
  return granted;
}

function patternsOf(
  entry: NonNullable<Rule['scopes']>[number],
  here: (uri: string) => boolean,
): readonly string[] {
  if (typeof entry === 'string') return [entry];
  return here(entry.resource) ? entry.scopes : [];
}

interface Verdict {
  readonly granted: boolean;
  /** Refused, but one more rule could give it. */
  readonly grantable: boolean;
  readonly line: TraceLine;
}

function judge(
  scope: string,
  { resource, clientScopes }: ScopesQuestion,
  granted: WantedTexts<Origin>,
): Verdict {
  if (!isScope(scope)) return refuse('request', 'is not a scope');
  if (clientScopes && !clientScopes.has(scope)) return refuse('client', 'the app may not have it');
  if (identityScopes.has(scope)) return give({ field: 'request' }, 'says who this is');
  if (resource && !resource.scopes.includes(scope)) {
    return refuse('resource', 'the resource does not know it');
  }
  if (resource?.openScopes?.includes(scope)) return give({ field: 'resource' }, 'open to all');
  const origin = granted.find(scope);
  if (origin) return give(origin, 'granted');
  return { ...refuse('scopes', 'no rule gives it'), grantable: true };
}

function give(origin: Origin, outcome: string): Verdict {
  return { granted: true, grantable: false, line: { ...origin, outcome } };
}

function refuse(field: string, outcome: string): Verdict {
  return { granted: false, grantable: false, line: { field, outcome } };
}

function lackOf(grantable: readonly string[], resource: ScopedResource | undefined): Lack {
  const at = resource ? ` at ${resource.uri}` : '';
  if (grantable.length === 0) return { reason: `none of the requested scopes exists${at}` };
  const scopes = resource ? [{ resource: resource.uri, scopes: [...grantable] }] : [...grantable];
  return {
    reason: `no grant of the tailnet policy gives you the requested scopes${at} (scopes)`,
    rule: { scopes },
  };
}

/** Requests may hold anything. */
function shown(scope: string): string {
  return isScope(scope) ? scope : 'a text';
}
