import type { Adapter, AdapterPayload, Client, Provider } from 'oidc-provider';
import { machineClient, tokenExchangeGrant } from '../access/peer-client.ts';
import { cameByItself } from '../access/self-registered.ts';
import { registrableGrantTypes } from '../protocol/normalise-registration.ts';
import { checkRedirectUri, redirectUriMatches } from '../protocol/redirect-uri.ts';
import type { ClientTable, StoredClient } from '../store/store.ts';
import { secretMatches } from './client-authentication.ts';
import type { ClientWriter } from './registration/registered-clients.ts';
import type { SecretChecker } from './secrets.ts';

/** Finds a client by its ID: the configuration file's first, then the store's, then that of a machine itself. */
export interface ClientRegistry {
  find(id: string): Promise<StoredClient | undefined>;
}

export function createClientRegistry(
  configured: readonly StoredClient[],
  stored: ClientTable,
): ClientRegistry {
  const byId = new Map(configured.map((client) => [client.id, client]));
  return { find: async (id) => byId.get(id) ?? (await stored.find(id)) ?? machineClient(id) };
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
const isStranger = ({ source, metadata }: StoredClient): boolean =>
  cameByItself(source, metadata) && metadata['tsidp_approved'] !== true;
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
  return {
    ...client.metadata,
    client_id: client.id,
    // after the metadata, which a client that registers itself would write
    tsidp_source: client.source,
    // never the secret: what a presented one is checked against (`ownClientRules`)
    ...(client.secretVerifier === null ? {} : { client_secret: client.secretVerifier }),
  } as AdapterPayload;
}

interface SchemaPrototype {
  redirect_uris: string[];
  invalidate(message: string): never;
  redirectUris(uris?: string[], label?: string): void;
}

/**
 * Our own rules for redirect URIs and secrets in place of oidc-provider's, which sort redirect URIs by
 * application type (real apps register `https:`, loopback and private schemes in one client) and compare secrets
 * in plain text. All three are replaced the way oidc-provider's own recipes do it.
 */
export function ownClientRules(provider: Provider, secrets: SecretChecker): void {
  const { Client } = provider;
  const { Schema } = Client as unknown as { Schema: { prototype: SchemaPrototype } };
  Schema.prototype.redirectUris = function redirectUris(
    this: SchemaPrototype,
    uris = this.redirect_uris,
    label = 'redirect_uris',
  ) {
    for (const uri of uris) {
      const reason = checkRedirectUri(uri);
      if (reason !== undefined) this.invalidate(`${label}: ${reason}`);
    }
  };
  const own: ThisType<Client> & Partial<Client> = {
    redirectUriAllowed(uri) {
      return redirectUriMatches(this.redirectUris ?? [], uri);
    },
    postLogoutRedirectUriAllowed(uri) {
      return this.postLogoutRedirectUris?.includes(uri) ?? false;
    },
    compareClientSecret(presented) {
      const { ctx } = provider.constructor as typeof Provider;
      return ctx ? secretMatches(ctx, this, presented, secrets) : false;
    },
  };
  Object.assign(Client.prototype, own);
}
