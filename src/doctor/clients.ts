import { machineClient } from '../access/peer-client.ts';
import type { StatusPeer } from '../peer/status-peers.ts';
import { isDocumentId } from '../protocol/document-id.ts';
import type { InspectedClient } from '../store/sqlite/inspect.ts';
import { type Finding, ok, warning } from './finding.ts';

type Peer = Pick<StatusPeer, 'stableId' | 'tags' | 'sharee'>;

export interface ClientQuestion {
  /** Of the configuration file, and of the database. */
  readonly clients: readonly InspectedClient[];
  readonly peers: readonly Peer[];
}

/** Could there be a client of this ID: one that is entered, a machine by itself, or a document? */
export function isPossibleClient(id: string, clients: readonly InspectedClient[]): boolean {
  const isEntered = clients.some((client) => client.id === id);
  return isEntered || isDocumentId(id) || machineClient(id) !== undefined;
}

/** Clients that are tagged nodes, and those whose tokens only certain others may act with: are there such nodes and clients? */
export function clientFindings({ clients, peers }: ClientQuestion): Finding[] {
  const own = peers.filter(({ sharee }) => !sharee);
  const nodes = { tags: new Set(own.flatMap(({ tags }) => tags)), ids: idsOf(own) };
  const found = clients.flatMap((client) => [
    ...peerFindings(client, nodes),
    ...actorFindings(client, nodes, clients),
  ]);
  const machines = clients.filter(({ options }) => options.peer !== undefined).length;
  if (found.length > 0 || machines === 0) return found;
  return [ok('clients', `${machines} of them are tagged nodes, all of them present`)];
}

interface Nodes {
  readonly tags: ReadonlySet<string>;
  readonly ids: ReadonlySet<string>;
}

function idsOf(peers: readonly Peer[]): ReadonlySet<string> {
  return new Set(peers.filter(({ tags }) => tags.length > 0).map(({ stableId }) => stableId));
}

function peerFindings({ id, options: { peer } }: InspectedClient, { tags, ids }: Nodes): Finding[] {
  if (!peer) return [];
  if ('node' in peer) {
    if (ids.has(peer.node)) return [];
    const text = `${id} is the node ${peer.node}, and no tagged node of this tailnet has that StableID`;
    return [warning('clients', text, 'correct its "peer"; "tsidp whois ADDRESS" names StableIDs')];
  }
  const missing = peer.tags.filter((tag) => !tags.has(tag));
  if (missing.length === 0) return [];
  const whole = missing.length === peer.tags.length ? ', so nobody is this client' : '';
  const text = `${id} is the nodes with ${peer.tags.join(', ')}, but none has ${missing.join(', ')}${whole}`;
  return [warning('clients', text, 'correct its "peer", or tag the nodes')];
}

function actorFindings(
  { id, options: { mayAct: allowed } }: InspectedClient,
  { tags, ids }: Nodes,
  clients: readonly InspectedClient[],
): Finding[] {
  if (!allowed) return [];
  const lost = [
    ...(allowed.client_id !== undefined && !isPossibleClient(allowed.client_id, clients)
      ? [`the client ${allowed.client_id}, which does not exist`]
      : []),
    ...(allowed.sub !== undefined && !ids.has(allowed.sub.replace(/^node:/u, ''))
      ? [`${allowed.sub}, and no tagged node has that StableID`]
      : []),
    ...(allowed.tags && !allowed.tags.some((tag) => tags.has(tag))
      ? [`nodes with ${allowed.tags.join(', ')}, which do not exist`]
      : []),
  ];
  return lost.map((what) =>
    warning('clients', `tokens of ${id} may be acted with only by ${what}`, 'correct its "mayAct"'),
  );
}
