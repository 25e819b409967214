import type { Config } from '../config.ts';
import { clientFromConfig } from '../provider/client-metadata.ts';
import { withDocuments } from '../provider/document-clients.ts';
import { type App, appOfStored } from '../provider/enter.ts';
import { noSuchClient, withExistingStore } from './client-store.ts';

/**
 * The app of this client ID, as the daemon would find it.
 * @throws CommandError when there is none
 */
export async function findApp(config: Config, id: string): Promise<App> {
  const configured = config.clients.find((client) => client.id === id);
  if (configured) {
    const metadata = clientFromConfig(configured);
    return appOfStored({ id, metadata, source: 'config' });
  }
  const stored = await withExistingStore(config, (store) =>
    withDocuments(store.clients, store.documents).find(id),
  );
  if (!stored) throw noSuchClient(config, id);
  return appOfStored(stored);
}
