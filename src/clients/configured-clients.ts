import type { Clock } from '../clock.ts';
import type { ClientConfig } from '../config/client.ts';
import type { StoredClient } from '../store/store.ts';
import { clientFromConfig } from './client-metadata.ts';
import { verifierOfDeclared } from './secrets.ts';

/**
 * The clients of the configuration file, as the provider reads clients.
 */
export function configuredClients(
  clients: readonly ClientConfig[],
  secretKey: Buffer,
  clock: Clock,
): StoredClient[] {
  const now = clock.nowSeconds();
  return clients.map((client) => ({
    ...clientFromConfig(client),
    secretVerifier:
      client.secret === undefined ? null : verifierOfDeclared(client.secret, secretKey),
    source: 'config',
    createdAt: now,
    updatedAt: now,
  }));
}
