import { appOfStored } from '../access/enter.ts';
import {
  isPeer,
  machineClient,
  machineClientId,
  onlyForMachines,
  otherNode,
  personsDevice,
} from '../access/peer-client.ts';
import type { KnownMachine } from '../access/request.ts';
import { resourceScopesOf } from '../access/resource-scopes.ts';
import { decideMachineToken, type MachineDecision } from '../flows/machine/machine-token.ts';
import type { Known } from '../identity/identity.ts';
import { rulesOf } from '../policy/grant.ts';
import { machineResources } from '../policy/machine-resources.ts';
import type { StoredClient } from '../store/store.ts';
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

type Client = Pick<StoredClient, 'id' | 'metadata' | 'options' | 'source'>;

export interface MachineTokenQuestion {
  /** A registered client that is a tagged node; undefined: the machine by itself. */
  readonly client: Client | undefined;
  readonly resource: string | undefined;
  readonly scopes: readonly string[];
}

/** Does this machine get a token by its connection alone (RFC 6749 section 4.4), and for which resources? */
export function explainMachine(
  { device, identified }: Candidate,
  question: MachineTokenQuestion,
  site: ExplainSite,
): Explanation {
  if (!identified.ok) return nobody(device, identified.refusal);
  const peer = describePeer(device, identified);
  const { identity } = identified;
  if (identity.kind !== 'machine') return refusal(peer, onlyForMachines(personsDevice));
  const machine = { ...identified, identity };
  const client = question.client ?? machineClient(machineClientId(identity));
  const reason = client ? notThisClient(client, machine) : 'it has no usable StableID';
  if (!client || reason !== undefined) return refusal(peer, reason ?? '');

  const decided = decide(client, machine, question, site);
  const [only, ...others] = decided;
  const asked = resourceScopesOf(question.scopes);
  const more = suggestion(decided, asked, { machine, site });
  if (only && others.length === 0) {
    const outcome = { ...outcomeOf(only.decision), ...tokensOf([only], asked) };
    return { ...peer, ...outcome, ...(only.uri === undefined ? nothingNamed : {}), ...more };
  }
  const isAllowed = decided.some(({ decision }) => decision.allowed);
  return {
    ...peer,
    allowed: isAllowed,
    ...(isAllowed ? {} : { reason: 'none of the resources that its grants name gives it one' }),
    trace: [`resources: grants name ${decided.length} resources`],
    ...tokensOf(decided, asked, true),
    notes: ['grants name several resources, so each request must name one (resource)'],
    ...more,
  };
}

const nothingNamed = {
  notes: ['a grant that names a resource changes that: ask again with --resource URI to see it'],
};

interface Decided {
  /** Undefined: no grant names one, and none was asked for. */
  readonly uri: string | undefined;
  readonly decision: MachineDecision;
}

function tokensOf(
  decided: readonly Decided[],
  asked: readonly string[],
  isTraced = false,
): Pick<Explanation, 'tokens'> {
  const tokens = decided.flatMap(({ uri, decision }) => {
    if (uri === undefined || !(decision.allowed || isTraced)) return [];
    const scopes = decision.allowed ? decision.scopes : [];
    const { reason } = outcomeOf(decision);
    return [
      {
        resource: uri,
        scopes,
        refused: asked.filter((scope) => !scopes.includes(scope)),
        ...(reason === undefined ? {} : { reason }),
        ...(isTraced ? { trace: traceLines(decision.trace) } : {}),
      },
    ];
  });
  return { tokens };
}

/** For every resource that its grants name, where none is asked for. */
function decide(
  client: Client,
  machine: KnownMachine,
  { resource, scopes }: MachineTokenQuestion,
  { config: { capabilityScopes }, resources }: ExplainSite,
): readonly Decided[] {
  const { identity, capMap } = machine;
  const named = machineResources({ identity, rules: rulesOf(capMap) });
  const every = named.length > 0 ? named : [undefined];
  const isItself = client.id === machineClientId(identity);
  const asked = resourceScopesOf(scopes);
  return (resource === undefined ? every : [resource]).map((uri) => {
    const app = appOfStored(client);
    const settings = { resources, capabilityScopes };
    const decision = decideMachineToken({ machine, app, isItself, uri, asked }, settings);
    return { uri: uri ?? (decision.allowed ? decision.resource.uri : undefined), decision };
  });
}

function suggestion(
  decided: readonly Decided[],
  asked: readonly string[],
  { machine, site }: { readonly machine: Known; readonly site: ExplainSite },
): { readonly grant?: string } {
  const lacking = decided.find(({ decision }) => !decision.allowed);
  // without a question about scopes nothing is missing
  const { decision } = lacking ?? (asked.length > 0 ? decided[0] : undefined) ?? {};
  return grantFor(decision?.remedy, machine, site);
}

/** Why the machine may not speak for a client, or the client not ask so. */
function notThisClient(
  { id, metadata, options: { peer } }: Client,
  { identity }: KnownMachine,
): string | undefined {
  if (!peer)
    return `${id} is not a tagged node: it has a secret, keys or nothing to authenticate with`;
  if (!isPeer(peer, identity)) return otherNode(identity);
  const grantTypes = [metadata['grant_types'] ?? []].flat();
  return grantTypes.includes('client_credentials')
    ? undefined
    : `${id} may not use client_credentials (grantTypes)`;
}

function refusal(peer: ReturnType<typeof describePeer>, reason: string): Explanation {
  return { ...peer, allowed: false, reason, trace: [] };
}
