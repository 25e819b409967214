import { clientFromConfig } from '../clients/client-metadata.ts';
import { withDocuments } from '../clients/documents/document-clients.ts';
import type { Config } from '../config/config.ts';
import type { StoredClient } from '../store/store.ts';
import { noSuchClient, withExistingStore } from './client-store.ts';

export type FoundClient = Pick<StoredClient, 'id' | 'metadata' | 'options' | 'source'>;

/**
 * The client of this ID, as the daemon would find it.
 * @throws CommandError when there is none
 */
export async function findClient(config: Config, id: string): Promise<FoundClient> {
  const configured = config.clients.find((client) => client.id === id);
  if (configured) return { ...clientFromConfig(configured), source: 'config' };
  const stored = await withExistingStore(config, (store) =>
    withDocuments(store.clients, store.documents).find(id),
  );
  if (!stored) throw noSuchClient(config, id);
  return stored;
}
