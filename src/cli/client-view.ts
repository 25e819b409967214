import type { Config } from '../config.ts';
import { type ClientMetadata, clientFromConfig } from '../provider/client-metadata.ts';
import type { ClientSource, StoredClient } from '../store/store.ts';
import { isConfigured } from './client-store.ts';

/** A client as the commands show it: everything but what its secret is checked against. */
export interface ClientView {
  readonly id: string;
  readonly source: ClientSource;
  /** `generated` by us, `chosen` by a person, `none` for a public client. */
  readonly secret: 'generated' | 'chosen' | 'none';
  /** The configuration file declares the same ID, and its declaration counts. */
  readonly shadowed: boolean;
  readonly createdAt: string | null;
  readonly updatedAt: string | null;
  readonly metadata: ClientMetadata;
}

const toTime = (seconds: number): string => new Date(seconds * 1000).toISOString();

const secretKind = (verifier: string | null): ClientView['secret'] => {
  if (verifier === null) return 'none';
  return verifier.startsWith('hmac-sha256:') ? 'generated' : 'chosen';
};

export const viewStored = (client: StoredClient, config: Config): ClientView => ({
  id: client.id,
  source: client.source,
  secret: secretKind(client.secretVerifier),
  shadowed: isConfigured(config, client.id),
  createdAt: toTime(client.createdAt),
  updatedAt: toTime(client.updatedAt),
  metadata: client.metadata,
});

export const viewConfigured = (config: Config): ClientView[] =>
  config.clients.map((client) => ({
    id: client.id,
    source: 'config',
    secret: client.secret === undefined ? 'none' : 'chosen',
    shadowed: false,
    createdAt: null,
    updatedAt: null,
    metadata: clientFromConfig(client),
  }));
