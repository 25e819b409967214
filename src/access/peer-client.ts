import type { PeerSelector } from '../config/peer-schema.ts';
import type { MachineIdentity } from '../identity/identity.ts';
import { isStableId } from '../peer/stable-id.ts';
import { machinePrefix } from '../protocol/client-names.ts';
import { tokenExchangeGrant } from '../protocol/grant-types.ts';
import type { StoredClient } from '../store/store.ts';

/**
 * Clients that the connection itself authenticates: tagged nodes. oidc-provider knows a fixed list of methods, and
 * carries ours as mutual TLS, whose hooks ask us instead of a certificate.
 */

/** Our method as the metadata documents publish it: nobody's but ours. */
export const peerMethod = 'tailnet_peer';

/** The method of oidc-provider that carries it. */
export const carrierMethod = 'tls_client_auth';

/** What a tagged node is called as a client without registration. */
export function machineClientId({ stableId }: Pick<MachineIdentity, 'stableId'>): string {
  return `${machinePrefix}${stableId}`;
}

/** The client that a tagged node is by itself; undefined for every other ID. Whether there is such a node is asked of tailscaled. */
export function machineClient(id: string): StoredClient | undefined {
  if (!id.startsWith(machinePrefix)) return undefined;
  const stableId = id.slice(machinePrefix.length);
  if (!isStableId(stableId)) return undefined;
  return {
    id,
    metadata: {
      redirect_uris: [],
      response_types: [],
      grant_types: ['client_credentials', tokenExchangeGrant],
      ...peerMetadata,
    },
    options: { peer: { node: stableId } },
    secretVerifier: null,
    source: 'machine',
    createdAt: 0,
    updatedAt: 0,
  };
}

/** Metadata of a client whose option `peer` says which nodes it is. */
export const peerMetadata = {
  token_endpoint_auth_method: carrierMethod,
  // oidc-provider wants to know what a certificate would have to name
  tls_client_auth_subject_dn: peerMethod,
} as const;

/** Is this machine the client? A retagged one no longer is (T13). */
export function isPeer(peer: PeerSelector, machine: MachineIdentity): boolean {
  if ('node' in peer) return peer.node === machine.stableId;
  return peer.tags.some((tag) => machine.tags.includes(tag));
}

/** Why a device gets no token by its connection alone. @param who what it is, instead of a tagged node of ours */
export function onlyForMachines(who: string): string {
  return `a token without a registered client is for tagged nodes of the tailnet alone: ${who}`;
}

export const personsDevice = "this device is a person's";

/** Why a machine may not speak for a client. */
export function otherNode(machine: MachineIdentity | undefined): string {
  return `this client is another node than the caller (${machine?.tags.join(', ') ?? ''})`;
}
