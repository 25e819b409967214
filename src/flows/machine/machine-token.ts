import type { App } from '../../access/enter.ts';
import type { KnownMachine } from '../../access/request.ts';
import { noSuchResource, scopesOfApp } from '../../access/resource-scopes.ts';
import { type Resource, resourceFor } from '../../access/resources.ts';
import type { ProviderSettings } from '../../access/settings.ts';
import type { MachineIdentity } from '../../identity/identity.ts';
import { type Denied, denied, type Lack } from '../../policy/decision.ts';
import { type Rules, rulesOf } from '../../policy/grant.ts';
import { machineResources } from '../../policy/machine-resources.ts';
import type { RuleFields } from '../../policy/rule.ts';
import { Trace, type TraceLine } from '../../policy/trace.ts';
import { canonicalResource } from '../../protocol/resource.ts';

export interface MachineQuestion {
  readonly machine: KnownMachine;
  /** The client that it uses. */
  readonly app: Pick<App, 'scopes'>;
  /** That client is the machine by itself: nobody registered it. */
  readonly isItself: boolean;
  /** Undefined: the only one that its grants name. */
  readonly uri: string | undefined;
  /** Scopes of resources, not those that say who somebody is. Empty: all that the resource knows. */
  readonly asked: readonly string[];
}

export type MachineDecision =
  | {
      readonly allowed: true;
      readonly resource: Resource;
      readonly scopes: readonly string[];
      /** Of those that were asked for, or of all. */
      readonly refused: readonly string[];
      readonly trace: readonly TraceLine[];
      /** What would give the refused ones. */
      readonly remedy?: NonNullable<Denied['remedy']>;
    }
  | (Denied & { readonly error: 'invalid_target' | 'invalid_scope' });

export type MachineSettings = Pick<ProviderSettings, 'resources' | 'capabilityScopes'>;

/** The one token that a machine asks for by its connection (RFC 6749 section 4.4): for which resource, with which scopes? */
export function decideMachineToken(
  question: MachineQuestion,
  settings: MachineSettings,
): MachineDecision {
  const { machine, app, asked } = question;
  const trace = new Trace(rulesOf(machine.capMap));
  const resource = targetOf(question, settings, trace);
  if ('reason' in resource) {
    return { ...denied([resource], trace.lines()), error: 'invalid_target' };
  }
  const decision = scopesOfApp(
    resource,
    // whoever asks for scopes that there are not must not get those that there are
    asked.length > 0 ? asked : requestedAt(resource, asked),
    { known: machine, app },
    settings,
  );
  // the malformed rules stand in the first trace already
  const lines = [...trace.lines(), ...decision.trace.filter(({ field }) => field !== 'rule')];
  if (!decision.allowed && asked.length > 0) {
    return { ...decision, trace: lines, error: 'invalid_scope' };
  }
  const { scopes, refused, remedy } = decision;
  const more = remedy ? { remedy } : {};
  return { allowed: true, resource, scopes, refused, trace: lines, ...more };
}

/** What is asked for, without what the resource does not know; without `scope` all that it knows. */
export function requestedAt({ scopes }: Resource, asked: readonly string[]): readonly string[] {
  if (!scopes) return asked;
  return asked.length === 0 ? [...scopes.keys()] : asked.filter((scope) => scopes.has(scope));
}

/** The resource that the machine names; else the only one that its grants name. */
function targetOf(
  question: MachineQuestion,
  { resources }: MachineSettings,
  trace: Trace,
): Resource | Lack {
  const { machine, isItself } = question;
  const rules = rulesOf(machine.capMap);
  const named = machineResources({ identity: machine.identity, rules });
  const uri = question.uri ?? (named.length === 1 ? named[0] : undefined);
  if (uri === undefined) {
    trace.conclude({ field: 'resources', outcome: `grants name ${named.length} resources` });
    const reason =
      named.length === 0
        ? 'no grant of the tailnet policy names a resource for this machine (scopes or resources)'
        : `this machine has grants for several resources, name one: ${named.join(' ')}`;
    return { reason };
  }
  const resource = resourceFor(uri, machine, resources);
  const namedBy = namingRule(machine.identity, rules, uri);
  // who was registered by an operator may have every resource that is declared, with the scopes that it is granted
  if (resource && (namedBy !== undefined || !isItself)) {
    trace.conclude(
      namedBy === undefined
        ? { field: 'resources', outcome: 'the configuration declares the resource' }
        : { rule: namedBy, field: 'resources', outcome: 'names the resource for this machine' },
    );
    return resource;
  }
  trace.conclude({ field: 'resources', outcome: 'no rule names the resource for this machine' });
  return {
    reason: reasonFor(uri, namedBy !== undefined ? [] : named),
    rule: namingFields(uri, resource !== undefined, question),
  };
}

function reasonFor(uri: string, others: readonly string[]): string {
  if (others.length === 0) return noSuchResource(uri);
  return `no grant of the tailnet policy names this resource, but: ${others.join(' ')}`;
}

/**
 * Scopes name a resource that is declared; one that is not must stand under `resources`. The machine is named by its
 * tag: with `*` it could act for everybody there.
 */
function namingFields(
  uri: string,
  isDeclared: boolean,
  { asked, machine }: MachineQuestion,
): RuleFields {
  const scopes = asked.length > 0 ? { scopes: [{ resource: uri, scopes: [...asked] }] } : {};
  if (isDeclared && asked.length > 0) return scopes;
  return { users: machine.identity.tags.slice(0, 1), resources: [uri], ...scopes };
}

/** Its index. */
function namingRule(identity: MachineIdentity, rules: Rules, uri: string): number | undefined {
  const canonical = canonicalResource(uri);
  const naming = rules.rules.find((rule) =>
    machineResources({ identity, rules: { ...rules, rules: [rule] } }).includes(canonical),
  );
  return naming?.index;
}
