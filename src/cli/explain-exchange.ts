import { appOfStored, enter } from '../access/enter.ts';
import { machineClientId } from '../access/peer-client.ts';
import { resourceScopesOf, scopesOfApp } from '../access/resource-scopes.ts';
import { undeclaredResource } from '../access/resources.ts';
import { decideExchange, type ExchangeDecision } from '../flows/exchange/exchange-decision.ts';
import { requestedAt } from '../flows/machine/machine-token.ts';
import type { Known } from '../identity/identity.ts';
import { partyOf } from '../policy/decide-act.ts';
import { type AppCapabilities, type Decision, denied } from '../policy/decision.ts';
import type { MayAct } from '../protocol/actor-chain.ts';
import type { StoredClient } from '../store/store.ts';
import {
  describePeer,
  type ExplainSite,
  type Explanation,
  grantFor,
  nobody,
  traceLines,
} from './explanation.ts';
import type { Candidate } from './tailnet-view.ts';

export interface ExchangeQuestion {
  /** The app that the subject's token was issued to; undefined: not asked about. */
  readonly client: Pick<StoredClient, 'id' | 'metadata' | 'options' | 'source'> | undefined;
  readonly resource: string;
  readonly scopes: readonly string[];
}

/** May tokens of this subject be exchanged for the resource (RFC 8693), by this actor or for the subject alone? */
export function explainExchange(
  { subject, actor }: { readonly subject: Candidate; readonly actor: Candidate | undefined },
  question: ExchangeQuestion,
  site: ExplainSite,
): Explanation {
  if (!subject.identified.ok) return nobody(subject.device, subject.identified.refusal);
  if (actor && !actor.identified.ok) return nobody(actor.device, actor.identified.refusal);
  const known = subject.identified;
  const acting = actor?.identified.ok ? actor.identified : undefined;
  const decision = decide(known, acting, question, site);
  const who = {
    ...describePeer(subject.device, known),
    ...(actor && acting ? { actor: describePeer(actor.device, acting) } : {}),
  };
  const notes = mayActNotes(question, site);
  if (!decision.allowed) {
    const { reason, remedy, trace } = decision;
    const lacking = 'lacking' in decision && decision.lacking === 'actor' ? acting : known;
    const more = grantFor(remedy, lacking ?? known, site);
    return { ...who, allowed: false, reason, trace: traceLines(trace), notes, ...more };
  }
  return {
    ...who,
    allowed: true,
    trace: traceLines(decision.trace),
    ...scopesAfter(known, question, site),
    notes: [boundNote, ...notes],
  };
}

const boundNote =
  'whoever exchanges a token must be the client that it was issued to, or the resource that it is for (resources[].clients, serves); the new one never has more scopes, nor a longer life';

/** What apps say of who may act with their tokens. */
function mayActNotes({ client }: ExchangeQuestion, { config }: ExplainSite): string[] {
  if (client) {
    const allowed = client.options.mayAct;
    if (!allowed) return [];
    const { sub, tags = [], client_id: id } = allowed;
    const who = id === undefined ? (sub ?? tags.join(' or ')) : `whoever uses the client ${id}`;
    return [`only ${who} may act with this app's tokens (mayAct)`];
  }
  const ids = config.clients.filter(({ mayAct }) => mayAct).map(({ id }) => id);
  if (ids.length === 0) return [];
  const verb = ids.length === 1 ? 'does' : 'do';
  return [
    `apps may say who alone acts with their tokens (mayAct): ${ids.join(', ')} ${verb}; name one with --client`,
  ];
}

type Decided = Decision | ExchangeDecision;

function decide(
  subject: Known,
  actor: Known | undefined,
  { client, resource }: ExchangeQuestion,
  { config }: ExplainSite,
): Decided {
  const { enabled, maxDepth } = config.tokenExchange;
  if (!enabled) {
    const reason = 'tokens are not exchanged here (tokenExchange.enabled)';
    return denied([{ reason }], [{ field: 'tokenExchange', outcome: 'off' }]);
  }
  const entered = client && enter(appOfStored(client), subject, config);
  if (entered?.allowed === false) return entered;
  const mayAct = client?.options.mayAct;
  return decideExchange({
    subject: partyOf(subject),
    acting: actor && {
      actor: { identity: actor.identity, clientId: clientIdOf(actor, mayAct) },
      party: partyOf(actor),
    },
    mayAct,
    act: undefined,
    targets: [resource],
    maxDepth,
  });
}

/** Which client the actor uses is not asked here: the one that must be, else a machine's own. */
function clientIdOf({ identity }: Known, mayAct: MayAct | undefined): string {
  if (mayAct?.client_id !== undefined) return mayAct.client_id;
  return identity.kind === 'machine' ? machineClientId(identity) : '';
}

/** The subject's, at the resource: an actor has none of its own there. */
function scopesAfter(
  known: Known,
  { resource: uri, scopes }: ExchangeQuestion,
  site: ExplainSite,
): Pick<Explanation, 'scopes' | 'grant' | 'resource'> {
  const declared = site.resources.find(uri);
  const resource = declared ?? undeclaredResource(uri);
  const asked = requestedAt(resource, resourceScopesOf(scopes));
  const found = { uri, known: declared ? ('declared' as const) : ('granted' as const) };
  if (asked.length === 0 && scopes.length === 0) return { resource: found };
  const app = { scopes: undefined };
  const decision = scopesOfApp(resource, asked, { known, app }, site.config);
  const remedy: AppCapabilities | undefined = scopes.length > 0 ? decision.remedy : undefined;
  const granted = decision.scopes;
  const refused = scopes.length > 0 ? scopes.filter((scope) => !granted.includes(scope)) : [];
  return {
    resource: found,
    scopes: { granted, refused, trace: traceLines(decision.trace) },
    ...grantFor(remedy, known, site),
  };
}
