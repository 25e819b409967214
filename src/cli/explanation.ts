import type { ResourceDirectory } from '../access/resources.ts';
import type { Config } from '../config/config.ts';
import type { Known, Refusal } from '../identity/identity.ts';
import { displayLogin, subjectOf } from '../identity/subject.ts';
import type { AppCapabilities, Decision } from '../policy/decision.ts';
import { formatGrant, type OwnNode, suggestGrant } from '../policy/suggest.ts';
import { formatTrace, type TraceLine } from '../policy/trace.ts';

/** What every question is decided with. */
export interface ExplainSite {
  readonly config: Config;
  readonly resources: ResourceDirectory;
  readonly self: OwnNode;
}

/** What is decided about one device, for people and for programs. */
export interface Explanation {
  readonly device: string;
  /** Undefined for a device that is nobody here; `refused` says why. */
  readonly subject?: string;
  readonly login?: string;
  readonly refused?: string;
  /** Who acts with an exchanged token; undefined: nobody but the subject. */
  readonly actor?: { readonly device: string; readonly subject?: string; readonly login?: string };
  readonly allowed: boolean;
  readonly reason?: string;
  readonly trace: readonly string[];
  readonly groups?: readonly string[];
  /** `unknown`: neither declared nor named by a grant, so that every request for it fails. */
  readonly resource?: { readonly uri: string; readonly known: 'declared' | 'granted' | 'unknown' };
  readonly scopes?: {
    readonly granted: readonly string[];
    readonly refused: readonly string[];
    readonly trace: readonly string[];
  };
  /** What a machine gets tokens for, by its connection. */
  readonly tokens?: readonly TokenOf[];
  /** What else decides, or is to be asked. */
  readonly notes?: readonly string[];
  /** In the policy file's syntax; undefined where nothing is denied, and where no grant helps. */
  readonly grant?: string;
}

export interface TokenOf {
  readonly resource: string;
  readonly scopes: readonly string[];
  /** Of those that were asked for. */
  readonly refused: readonly string[];
  /** Why there is no such token. */
  readonly reason?: string;
  /** Where there are several. */
  readonly trace?: readonly string[];
}

export function describePeer(
  device: string,
  { identity }: Known,
): { readonly device: string; readonly subject: string; readonly login: string } {
  return { device, subject: subjectOf(identity), login: displayLogin(identity) };
}

export function outcomeOf(decision: Decision): Pick<Explanation, 'allowed' | 'reason' | 'trace'> {
  const { allowed, trace } = decision;
  return { allowed, ...(allowed ? {} : { reason: decision.reason }), trace: traceLines(trace) };
}

/** A device that tailscaled knows nobody at. */
export function nobody(device: string, { code, message }: Refusal): Explanation {
  return { device, refused: code, allowed: false, reason: message, trace: [] };
}

export function grantFor(
  remedy: AppCapabilities | undefined,
  { identity }: Known,
  { self }: ExplainSite,
): { readonly grant?: string } {
  const suggestion = suggestGrant(remedy, identity, self);
  return suggestion ? { grant: formatGrant(suggestion) } : {};
}

export function traceLines(trace: readonly TraceLine[]): readonly string[] {
  return formatTrace(trace).split('\n');
}

/** The explanation as people read it, lines joined. @param what that is allowed or not: `register clients` */
export function explanationText(explanation: Explanation, what: string): string {
  const { device, login, refused, allowed, reason = '', trace, groups = [] } = explanation;
  if (refused !== undefined && !allowed) return `${device} is nobody here (${refused}): ${reason}`;
  const who = nameOf({ device, ...(login === undefined ? {} : { login }) });
  return [
    allowed ? `${who} may ${what}.` : `${who} may not ${what}: ${reason}.`,
    ...trace.map((line) => `  ${line}`),
    ...(allowed && groups.length > 0 ? [`Groups: ${groups.join(', ')}`] : []),
    ...(allowed ? grantedLines(explanation) : []),
    ...remedyLines(explanation),
  ].join('\n');
}

/** A machine's display name has its device in it already. */
export function nameOf({ device, login = device }: { device: string; login?: string }): string {
  return login.startsWith(device) ? login : `${login} on ${device}`;
}

const knownBy = {
  declared: 'declared in the configuration',
  granted: 'not declared, named by a grant',
  unknown:
    'neither declared in the configuration nor named by a grant: requests for it fail (invalid_target)',
};

function grantedLines({ resource, scopes, tokens = [], notes = [] }: Explanation): string[] {
  return [
    ...(resource ? [`Resource: ${resource.uri}: ${knownBy[resource.known]}`] : []),
    ...(scopes
      ? [
          `Scopes: ${listed(scopes.granted)}`,
          ...refusedLine(scopes.refused),
          ...scopes.trace.map((line) => `  ${line}`),
        ]
      : []),
    ...tokens.flatMap(tokenLines),
    ...notes.map((note) => `Note: ${note}`),
  ];
}

function tokenLines({ resource, scopes, refused, reason, trace = [] }: TokenOf): string[] {
  return [
    reason === undefined
      ? `Token for ${resource}: scopes ${listed(scopes)}`
      : `No token for ${resource}: ${reason}`,
    ...(reason === undefined ? refusedLine(refused) : []),
    ...trace.map((line) => `  ${line}`),
  ];
}

function refusedLine(refused: readonly string[]): string[] {
  return refused.length > 0 ? [`Refused: ${refused.join(' ')}`] : [];
}

function listed(scopes: readonly string[]): string {
  return scopes.join(' ') || 'none';
}

function remedyLines({ grant, allowed, scopes, tokens = [], notes = [] }: Explanation): string[] {
  if (grant !== undefined) return ['This grant in the tailnet policy would change that:', grant];
  if (!allowed && notes.length > 0) return notes.map((note) => `Note: ${note}`);
  const refused = [scopes?.refused ?? [], ...tokens.map((token) => token.refused)].flat();
  return !allowed || refused.length > 0 ? ['No grant of the tailnet policy changes that.'] : [];
}
