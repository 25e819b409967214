import type { Identified } from '../identity/identity.ts';
import { displayLogin, subjectOf } from '../identity/subject.ts';
import { type CapabilityScopes, scopesOfCapabilities } from '../policy/capability-scopes.ts';
import { decideScopes, type ScopesDecision } from '../policy/decide-scopes.ts';
import type { AppCapabilities, Decision } from '../policy/decision.ts';
import { rulesOf } from '../policy/grant.ts';
import { groupsOf } from '../policy/groups.ts';
import { formatGrant, type OwnNode, suggestGrant } from '../policy/suggest.ts';
import { formatTrace } from '../policy/trace.ts';
import { type App, type EnterSettings, enter } from '../provider/enter.ts';
import type { Candidate } from './tailnet-view.ts';

export interface ExplainQuestion {
  readonly app: App;
  readonly settings: EnterSettings;
  readonly self: OwnNode;
  readonly capabilityScopes: readonly CapabilityScopes[];
  /** Empty: nothing is asked about scopes. */
  readonly scopes: readonly string[];
  readonly resource: string | undefined;
}

/** What is decided about one device, for people and for programs. */
export interface Explanation {
  readonly device: string;
  /** Undefined for a device that is nobody here; `refused` says why. */
  readonly subject?: string;
  readonly login?: string;
  readonly refused?: string;
  readonly allowed: boolean;
  readonly reason?: string;
  readonly trace: readonly string[];
  readonly groups?: readonly string[];
  readonly scopes?: {
    readonly granted: readonly string[];
    readonly refused: readonly string[];
    readonly trace: readonly string[];
  };
  /** In the policy file's syntax; undefined where nothing is denied, and where no grant helps. */
  readonly grant?: string;
}

type Known = Extract<Identified, { ok: true }>;

export function explain({ device, identified }: Candidate, question: ExplainQuestion): Explanation {
  if (!identified.ok) {
    const { code, message } = identified.refusal;
    return { device, refused: code, allowed: false, reason: message, trace: [] };
  }
  const { identity, capMap } = identified;
  const decision = enter(question.app, identified, question.settings);
  const scopes = question.scopes.length > 0 ? askScopes(identified, question) : undefined;
  const grant = grantFor(remedyOf(decision, scopes), identified, question.self);
  return {
    device,
    subject: subjectOf(identity),
    login: displayLogin(identity),
    allowed: decision.allowed,
    ...(decision.allowed ? {} : { reason: decision.reason }),
    trace: lines(decision),
    groups: groupsOf(rulesOf(capMap).rules),
    ...(scopes
      ? { scopes: { granted: scopes.scopes, refused: scopes.refused, trace: lines(scopes) } }
      : {}),
    ...(grant === undefined ? {} : { grant }),
  };
}

function askScopes({ capMap }: Known, question: ExplainQuestion): ScopesDecision {
  const { app, scopes, resource, capabilityScopes } = question;
  return decideScopes({
    rules: rulesOf(capMap),
    requested: scopes,
    resource: resource === undefined ? undefined : { uri: resource, scopes },
    clientScopes: app.scopes && new Set(app.scopes),
    mapped: scopesOfCapabilities(capabilityScopes, capMap).scopes,
  });
}

/** First what lets somebody enter at all, then what gives the scopes. */
function remedyOf(
  decision: Decision,
  scopes: ScopesDecision | undefined,
): AppCapabilities | undefined {
  return decision.allowed ? scopes?.remedy : decision.remedy;
}

function grantFor(
  remedy: AppCapabilities | undefined,
  { identity }: Known,
  self: OwnNode,
): string | undefined {
  const suggestion = suggestGrant(remedy, identity, self);
  return suggestion && formatGrant(suggestion);
}

function lines({ trace }: Pick<Decision, 'trace'>): readonly string[] {
  return formatTrace(trace).split('\n');
}

/** The explanation as people read it, lines joined. */
export function explanationText(explanation: Explanation, app: App): string {
  const { device, login = '', refused, allowed, reason = '', trace, groups = [] } = explanation;
  if (refused !== undefined) return `${device} is nobody here (${refused}): ${reason}`;
  // a machine's display name has its device in it already
  const who = login.startsWith(device) ? login : `${login} on ${device}`;
  const what = app.name === app.id ? app.id : `${app.name} (${app.id})`;
  return [
    allowed ? `${who} may enter ${what}.` : `${who} may not enter ${what}: ${reason}.`,
    ...trace.map((line) => `  ${line}`),
    ...(allowed && groups.length > 0 ? [`Groups: ${groups.join(', ')}`] : []),
    ...scopeLines(explanation),
    ...remedyLines(explanation),
  ].join('\n');
}

function scopeLines({ scopes, allowed }: Explanation): string[] {
  if (!scopes || !allowed) return [];
  return [
    `Scopes: ${scopes.granted.join(' ') || 'none'}`,
    ...(scopes.refused.length > 0 ? [`Refused: ${scopes.refused.join(' ')}`] : []),
    ...scopes.trace.map((line) => `  ${line}`),
  ];
}

function remedyLines({ grant, allowed, scopes }: Explanation): string[] {
  if (grant !== undefined) return ['This grant in the tailnet policy would change that:', grant];
  const isRefused = !allowed || (scopes?.refused.length ?? 0) > 0;
  return isRefused ? ['No grant of the tailnet policy changes that.'] : [];
}
