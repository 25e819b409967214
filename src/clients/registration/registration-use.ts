import { LRUCache } from 'lru-cache';
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import { optionsOf } from '../../access/client-settings.ts';
import { ageSeconds, type Clock } from '../../clock.ts';
import { type RegistrationTable, useResolutionSeconds } from '../../store/store.ts';

const maxClients = 10_000;

/**
 * Notes that a client which registered itself is in use, so that it stays: with its logins and tokens, once a day.
 * What was noted is remembered, so that a login costs nothing more.
 */
export function recordUse(
  provider: Provider,
  registrations: RegistrationTable,
  clock: Clock,
): void {
  const noted = new LRUCache<string, number>({ max: maxClients });
  const note = ({ oidc: { client } }: KoaContextWithOIDC): void => {
    if (!client || optionsOf(client).source !== 'dynamic') return;
    const now = clock.nowSeconds();
    const { clientId } = client;
    if (ageSeconds(now, noted.get(clientId) ?? 0) < useResolutionSeconds) return;
    noted.set(clientId, now);
    // what the database refuses fails the commit that the answer waits for
    void registrations.use(clientId, now);
  };
  provider.on('authorization.success', note);
  provider.on('grant.success', note);
}
