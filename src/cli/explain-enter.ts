import { type App, enter } from '../access/enter.ts';
import { noSuchResource, scopesOfApp } from '../access/resource-scopes.ts';
import { type Resource, resourceFor } from '../access/resources.ts';
import type { Known } from '../identity/identity.ts';
import { scopesOfCapabilities } from '../policy/capability-scopes.ts';
import { decideScopes, type ScopesDecision } from '../policy/decide-scopes.ts';
import { type AppCapabilities, type Decision, denied } from '../policy/decision.ts';
import { rulesOf } from '../policy/grant.ts';
import { allGroupsOf } from '../policy/groups.ts';
import { tailnetGroupsOf, toldGroups } from '../policy/tailnet-groups.ts';
import { identityScopes } from '../protocol/scope.ts';
import {
  describePeer,
  type ExplainSite,
  type Explanation,
  grantFor,
  nobody,
  outcomeOf,
  traceLines,
} from './explanation.ts';
import type { Candidate } from './tailnet-view.ts';

export interface EnterQuestion {
  readonly app: App;
  /** Empty, and no resource: nothing is asked about scopes. */
  readonly scopes: readonly string[];
  readonly resource: string | undefined;
}

/** May this device log in to the app, and which scopes does its token get? */
export function explainEnter(
  { device, identified }: Candidate,
  question: EnterQuestion,
  site: ExplainSite,
): Explanation {
  if (!identified.ok) return nobody(device, identified.refusal);
  const { app, resource: uri } = question;
  const decision = enter(app, identified, site.config);
  const resource = uri === undefined ? undefined : resourceFor(uri, identified, site.resources);
  const scopes = askScopes(identified, resource, question, site);
  return {
    ...describePeer(device, identified),
    ...outcomeOf(decision),
    groups: allGroupsOf(identified),
    ...(decision.allowed ? groupNotes(identified, app) : {}),
    ...(uri === undefined ? {} : { resource: { uri, known: howKnown(resource, site) } }),
    ...(scopes
      ? {
          scopes: {
            granted: scopes.scopes,
            refused: scopes.refused,
            trace: traceLines(scopes.trace),
          },
        }
      : {}),
    ...grantFor(remedyOf(decision, scopes), identified, site),
  };
}

/** Too many for a token, which the log says, too. */
function groupNotes({ identity }: Known, { claims }: App): Pick<Explanation, 'notes'> {
  const { tooMany } = toldGroups(tailnetGroupsOf(identity), claims);
  if (tooMany === undefined) return {};
  return {
    notes: [
      `${tooMany} groups of the tailnet are too many for a token, so this app is told of none of them; name those that it needs in claims.tailnetGroups`,
    ],
  };
}

function howKnown(
  resource: Resource | undefined,
  { resources }: ExplainSite,
): NonNullable<Explanation['resource']>['known'] {
  if (!resource) return 'unknown';
  return resources.find(resource.uri) ? 'declared' : 'granted';
}

function askScopes(
  known: Known,
  resource: Resource | undefined,
  { app, scopes, resource: uri }: EnterQuestion,
  { config }: ExplainSite,
): ScopesDecision | undefined {
  if (resource) {
    const all = resource.scopes ? [...resource.scopes.keys()] : [];
    const asked = scopes.length > 0 ? scopes : all;
    return scopesOfApp(resource, asked, { known, app }, config);
  }
  if (uri !== undefined) return unknownResource(uri, scopes, known);
  if (scopes.length === 0) return undefined;
  return decideScopes({
    rules: rulesOf(known.capMap),
    requested: scopes,
    clientScopes: app.scopes && new Set(app.scopes),
    mapped: scopesOfCapabilities(config.capabilityScopes, known.capMap).scopes,
  });
}

/** The whole request fails; a grant can name the resource. */
function unknownResource(uri: string, scopes: readonly string[], known: Known): ScopesDecision {
  const { identity } = known;
  const users = identity.kind === 'user' ? [identity.login] : ['*'];
  const own = scopes.filter((scope) => !identityScopes.has(scope));
  const rule = {
    users,
    resources: [uri],
    ...(own.length > 0 ? { scopes: [{ resource: uri, scopes: own }] } : {}),
  };
  const trace = [{ field: 'resource', outcome: 'no grant names it, and nobody declared it' }];
  return { ...denied([{ reason: noSuchResource(uri), rule }], trace), scopes: [], refused: scopes };
}

/** First what lets somebody enter at all, then what gives the scopes. */
function remedyOf(
  decision: Decision,
  scopes: ScopesDecision | undefined,
): AppCapabilities | undefined {
  return decision.allowed ? scopes?.remedy : decision.remedy;
}
