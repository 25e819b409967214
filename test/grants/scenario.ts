import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { createResources } from '../../src/access/resources.ts';
import { resourceSchema } from '../../src/config/resources-schema.ts';
import { decideMachineToken } from '../../src/flows/machine/machine-token.ts';
import { usernameOf } from '../../src/identity/claims.ts';
import type { Identified, Identity } from '../../src/identity/identity.ts';
import { accountNamesOf } from '../../src/policy/account-names.ts';
import {
  capabilityScopesSchema,
  scopesOfCapabilities,
} from '../../src/policy/capability-scopes.ts';
import { clientClaimsSchema } from '../../src/policy/client-claims.ts';
import { decideEnter } from '../../src/policy/decide.ts';
import { decideAct, type Party } from '../../src/policy/decide-act.ts';
import { decideAdmin } from '../../src/policy/decide-admin.ts';
import { decideRegister } from '../../src/policy/decide-register.ts';
import { decideScopes } from '../../src/policy/decide-scopes.ts';
import type { AppCapabilities } from '../../src/policy/decision.ts';
import { extraClaimsOf } from '../../src/policy/extra-claims.ts';
import { rulesOf } from '../../src/policy/grant.ts';
import { groupsOf } from '../../src/policy/groups.ts';
import { requirementSchema } from '../../src/policy/requirement.ts';
import { parseHujson } from '../../src/simulator/hujson.ts';
import { nodesNamed, type OfflinePeer, offlinePeer } from '../../src/simulator/offline.ts';
import { readTailnet, type Tailnet } from '../../src/simulator/tailnet.ts';

const who = { who: z.string() };
const outcome = {
  allowed: z.boolean(),
  /** It is denied, and no grant could change that. */
  noGrantHelps: z.literal(true).optional(),
  /** A grant could allow it, but only Tailscale can decide that grant. */
  undecidable: z.literal(true).optional(),
};
const flagged = { noGrantHelps: z.literal(true).optional() };

const caseSchema = z.union([
  z.strictObject({
    ...who,
    ...outcome,
    enter: z.string(),
    groups: z.array(z.string()).optional(),
    username: z.string().optional(),
    /** `extraClaims` of the ID token as JSON text, for numbers beyond 2^53. */
    claims: z.string().optional(),
  }),
  z.strictObject({ ...who, enter: z.string(), refused: z.string() }),
  z.strictObject({
    ...who,
    scopes: z.string(),
    resource: z.string().optional(),
    gives: z.string(),
  }),
  z.strictObject({
    ...who,
    ...flagged,
    machineToken: z.string(),
    scopes: z.string(),
    gives: z.string(),
  }),
  z.strictObject({ ...who, ...flagged, register: z.boolean() }),
  z.strictObject({ ...who, ...flagged, admin: z.boolean() }),
  z.strictObject({ ...who, ...outcome, exchange: z.string(), actFor: z.string().optional() }),
]);

const scenarioSchema = z.strictObject({
  access: z.enum(['open', 'granted']),
  allowForeignUsers: z.boolean().default(false),
  clients: z.record(
    z.string(),
    z.strictObject({
      name: z.string().optional(),
      registeredItself: z.boolean().default(false),
      requires: requirementSchema.optional(),
      claims: clientClaimsSchema.optional(),
    }),
  ),
  resources: z.record(z.string(), z.array(z.string())).default({}),
  capabilityScopes: z.array(capabilityScopesSchema).default([]),
  tailnet: z.record(z.string(), z.unknown()),
  cases: z.array(caseSchema).min(1),
});

export type Scenario = z.output<typeof scenarioSchema>;
export type Case = Scenario['cases'][number];

const directory = new URL('../../grants/', import.meta.url);

export function readGrantFile(name: string): string {
  return readFileSync(new URL(name, directory), 'utf8');
}

export function readScenario(name: string): Scenario {
  const file = `${name}.cases.jsonc`;
  return scenarioSchema.parse(parseHujson(readGrantFile(file), file));
}

/** The scenario's tailnet under this policy. @param policy HuJSON */
export function tailnetUnder(scenario: Scenario, policy: string): Promise<Tailnet> {
  const value = { ...scenario.tailnet, policy: parseHujson(policy, 'policy.hujson') };
  return readTailnet(value, 'cases', '.');
}

export interface Answer {
  readonly peer: OfflinePeer;
  readonly allowed: boolean;
  /** What a case may expect beside. */
  readonly facts: Readonly<Record<string, unknown>>;
  readonly remedy: AppCapabilities | undefined;
  /** Whom the remedy is for. */
  readonly remedyFor: Identity | undefined;
}

type Ok = Extract<Identified, { ok: true }>;

/** What the daemon would decide, for each device that the case means. */
export function answers(scenario: Scenario, tailnet: Tailnet, asked: Case): readonly Answer[] {
  const peers = peersNamed(scenario, tailnet, asked.who);
  return peers.map((peer) => {
    const { identified } = peer;
    if (!identified.ok) {
      const facts = { refused: identified.refusal.code };
      return { peer, allowed: false, facts, remedy: undefined, remedyFor: undefined };
    }
    const answer = decide(scenario, tailnet, asked, identified);
    return { peer, remedyFor: identified.identity, ...answer };
  });
}

function peersNamed(scenario: Scenario, tailnet: Tailnet, name: string): readonly OfflinePeer[] {
  const nodes = nodesNamed(tailnet, name);
  if (nodes.length === 0) throw new Error(`nobody is called ${name}`);
  const options = {
    allowForeignUsers: scenario.allowForeignUsers,
    allowSelf: false,
    staleNetworkMapSeconds: 3600,
    nowSeconds: 1_790_000_000,
  };
  return nodes.map((node) => offlinePeer(tailnet, node, options));
}

type Decided = Omit<Answer, 'peer' | 'remedyFor'> & { readonly remedyFor?: Identity };

function decide(scenario: Scenario, tailnet: Tailnet, asked: Case, peer: Ok): Decided {
  const { identity, capMap } = peer;
  const rules = rulesOf(capMap);
  if ('enter' in asked) return enter(scenario, asked.enter, peer);
  if ('machineToken' in asked) return machineToken(scenario, asked, peer);
  if ('scopes' in asked) {
    const { resource: uri } = asked;
    const decision = decideScopes({
      rules,
      requested: asked.scopes.split(' '),
      resource: uri === undefined ? undefined : { uri, scopes: scenario.resources[uri] ?? [] },
      mapped: scopesOfCapabilities(scenario.capabilityScopes, capMap).scopes,
    });
    return { ...decision, remedy: decision.remedy, facts: { gives: decision.scopes.join(' ') } };
  }
  if ('register' in asked) return plain(decideRegister({ identity, rules, mode: 'granted' }));
  if ('admin' in asked) return plain(decideAdmin({ identity, rules }));
  const party: Party = { identity, rules };
  const [lender] = asked.actFor === undefined ? [] : peersNamed(scenario, tailnet, asked.actFor);
  const subject = lender?.identified.ok
    ? { identity: lender.identified.identity, rules: rulesOf(lender.identified.capMap) }
    : party;
  const actor = asked.actFor === undefined ? undefined : party;
  const decision = decideAct({ subject, actor, resources: [asked.exchange] });
  const lacking = 'lacking' in decision ? decision.lacking : undefined;
  return { ...plain(decision), remedyFor: lacking === 'subject' ? subject.identity : identity };
}

function machineToken(
  { resources, capabilityScopes }: Scenario,
  { machineToken: uri, scopes }: Extract<Case, { machineToken: string }>,
  peer: Ok,
): Decided {
  const { identity } = peer;
  if (identity.kind !== 'machine')
    return { allowed: false, remedy: undefined, facts: { gives: '' } };
  const directory = createResources(
    Object.entries(resources).map(([declared, known]) =>
      resourceSchema.parse({
        uri: declared,
        scopes: Object.fromEntries(known.map((scope) => [scope, scope])),
      }),
    ),
  );
  const decision = decideMachineToken(
    {
      machine: { ...peer, identity },
      app: { scopes: undefined },
      isItself: true,
      uri,
      asked: scopes.split(' '),
    },
    { resources: directory, capabilityScopes },
  );
  const gives = decision.allowed ? decision.scopes.join(' ') : '';
  return { allowed: decision.allowed, remedy: decision.remedy, facts: { gives } };
}

function enter(scenario: Scenario, clientId: string, { identity, capMap }: Ok): Decided {
  const client = scenario.clients[clientId];
  if (!client) throw new Error(`no client is called ${clientId}`);
  const rules = rulesOf(capMap);
  const decision = decideEnter({
    identity,
    rules,
    clientId,
    clientName: client.name ?? clientId,
    clientNameTrusted: !client.registeredItself,
    access: scenario.access,
    requires: client.requires,
    capMap,
  });
  const usual = identity.kind === 'user' ? usernameOf(identity) : undefined;
  const facts = {
    groups: groupsOf(rules.rules),
    username: accountNamesOf(identity, rules).username ?? usual,
    claims: JSON.stringify(extraClaimsOf(rules.rules).idToken),
  };
  return { ...plain(decision), facts };
}

function plain(decision: { allowed: boolean; remedy?: AppCapabilities }): Decided {
  return { allowed: decision.allowed, remedy: decision.remedy, facts: {} };
}
