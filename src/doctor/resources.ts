import { scopesOfApp } from '../access/resource-scopes.ts';
import type { Resource, ResourceDirectory } from '../access/resources.ts';
import type { Known } from '../identity/identity.ts';
import type { CapabilityScopes } from '../policy/capability-scopes.ts';
import type { InspectedClient } from '../store/sqlite/inspect.ts';
import { isPossibleClient } from './clients.ts';
import { type Finding, ok, warning } from './finding.ts';
import { resourceRuleFindings } from './resource-rules.ts';
import type { AskedPeer } from './rules.ts';

export interface ResourceQuestion {
  readonly resources: ResourceDirectory;
  readonly clients: readonly InspectedClient[];
  readonly peers: readonly AskedPeer[];
  /** Devices that were not asked about. */
  readonly left: number;
  readonly capabilityScopes: readonly CapabilityScopes[];
}

/** Can anybody get a scope of each declared resource, are its clients there, and do the rules name what there is? */
export function resourceFindings(question: ResourceQuestion): Finding[] {
  const { resources } = question;
  const found = [
    ...resources.all.flatMap((resource) => [
      ...unreachable(resource, question),
      ...missingClients(resource, question),
    ]),
    ...resourceRuleFindings(question),
  ];
  if (found.length > 0 || resources.all.length === 0) return found;
  return [ok('resources', `each of ${resources.all.length} can be used by somebody`)];
}

function unreachable(resource: Resource, question: ResourceQuestion): Finding[] {
  const scopes = [...(resource.scopes?.keys() ?? [])];
  const { peers, left, clients, capabilityScopes } = question;
  if (scopes.length === 0 || resource.openScopes.length > 0 || left > 0) return [];
  const gets = ({ identified }: AskedPeer) =>
    identified.ok && scopesOfAnybody(resource, scopes, identified, { capabilityScopes });
  if (peers.some(gets) || clients.some((client) => isGiven(client, scopes))) return [];
  const text = `no grant gives anybody a scope of ${resource.uri}, and none is open, so its tokens are worth nothing`;
  const rule = JSON.stringify({ scopes: [{ resource: resource.uri, scopes: scopes.slice(0, 5) }] });
  return [warning('resources', text, `add a grant with ${rule}, or openScopes to the resource`)];
}

function scopesOfAnybody(
  resource: Resource,
  scopes: readonly string[],
  known: Known,
  settings: Pick<ResourceQuestion, 'capabilityScopes'>,
): boolean {
  const app = { scopes: undefined };
  return scopesOfApp(resource, scopes, { known, app }, settings).scopes.length > 0;
}

/** A client with a secret has the scopes that an administrator gave it (client_credentials). */
function isGiven({ metadata, options }: InspectedClient, scopes: readonly string[]): boolean {
  const grantTypes = [metadata['grant_types'] ?? []].flat();
  const own = options.scopes ?? [];
  return grantTypes.includes('client_credentials') && scopes.some((scope) => own.includes(scope));
}

function missingClients({ uri, clients: ids }: Resource, { clients }: ResourceQuestion): Finding[] {
  const missing = ids.filter((id) => !isPossibleClient(id, clients));
  if (missing.length === 0) return [];
  const text = `clients of ${uri} that do not exist: ${missing.join(', ')}`;
  const remedy = 'correct its "clients", or add them ("clients", "tsidp clients add --id ID")';
  return [warning('resources', text, remedy)];
}
