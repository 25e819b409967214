import type { Adapter, AdapterPayload } from 'oidc-provider';
import type { CarriedOptions } from '../access/client-settings.ts';
import { machineClient } from '../access/peer-client.ts';
import { cameByItself } from '../access/self-registered.ts';
import { registrableGrantTypes, tokenExchangeGrant } from '../protocol/grant-types.ts';
import { optionsMember } from '../store/client-members.ts';
import type { ClientTable, StoredClient } from '../store/store.ts';

/** Finds a client by its ID: the configuration file's first, then the store's, then that of a machine itself. */
export interface ClientRegistry {
  find(id: string): Promise<StoredClient | undefined>;
}

/** @param isReserved an ID that no client has, whoever wrote one down under it (`reserved-ids.ts`) */
export function createClientRegistry(
  configured: readonly StoredClient[],
  stored: ClientTable,
  isReserved: (id: string) => boolean = () => false,
): ClientRegistry {
  const byId = new Map(configured.map((client) => [client.id, client]));
  return {
    async find(id) {
      if (isReserved(id)) return undefined;
      return byId.get(id) ?? (await stored.find(id)) ?? machineClient(id);
    },
  };
}

/** oidc-provider's adapter of its `Client` model: it writes clients that register themselves, our commands the others. */
export function clientAdapter(
  registry: ClientRegistry,
  writer: ClientWriter,
  tokenExchange: boolean,
): Adapter {
  const never = async () => {
    throw new Error('clients have no such operation');
  };
  return {
    async find(id) {
      const client = await registry.find(id);
      if (!client) return undefined;
      const metadata = metadataFor(client);
      if (isStranger(client)) return withGrantTypes(metadata, isLogin);
      return tokenExchange ? metadata : withGrantTypes(metadata, isNoExchange);
    },
    findByUid: async () => undefined,
    findByUserCode: async () => undefined,
    upsert: writer.upsert,
    consume: never,
    destroy: writer.destroy,
    revokeByGrantId: never,
  };
}

/** oidc-provider takes no client that names a grant type which is switched off, and most have it by default. */
const isNoExchange = (grantType: unknown): boolean => grantType !== tokenExchangeGrant;

/**
 * A client that came by itself gets what its page showed, whoever wrote it down: those that had registered themselves
 * at tsidp have a secret, and would exchange a login's token for one of any resource that its person may use. An
 * administrator who approves one gives it back what it had.
 */
const isStranger = (client: StoredClient): boolean =>
  cameByItself(client) && client.options.approved !== true;
const isLogin = (grantType: unknown): boolean =>
  registrableGrantTypes.some((known) => known === grantType);

function withGrantTypes(
  metadata: AdapterPayload,
  keeps: (grantType: unknown) => boolean,
): AdapterPayload {
  const { grant_types: grantTypes } = metadata;
  return Array.isArray(grantTypes)
    ? { ...metadata, grant_types: grantTypes.filter(keeps) }
    : metadata;
}

function metadataFor(client: StoredClient): AdapterPayload {
  const carried: CarriedOptions = { ...client.options, source: client.source };
  return {
    ...client.metadata,
    client_id: client.id,
    // after the metadata, which a client that registers itself would write
    [optionsMember]: carried,
    // never the secret: what a presented one is checked against (`ownClientRules`)
    ...(client.secretVerifier === null ? {} : { client_secret: client.secretVerifier }),
  } as AdapterPayload;
}

/** How oidc-provider writes clients: only those that register themselves. */
export interface ClientWriter {
  upsert(id: string, payload: AdapterPayload): Promise<void>;
  destroy(id: string): Promise<void>;
}
