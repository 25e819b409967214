import type Provider from 'oidc-provider';
import type { ProviderSettings } from '../access/settings.ts';
import type { ClientRegistry } from '../clients/clients.ts';
import type { ClientManager } from '../clients/manage-clients.ts';
import type { Logger } from '../log.ts';
import type { StatusWatch } from '../peer/status.ts';
import type { Store } from '../store/store.ts';
import type { AlgorithmsInUse } from '../tokens/algorithms-in-use.ts';
import type { Connections } from './connections.ts';
import type { Entrance } from './identify/entrance.ts';
import type { Load } from './load.ts';
import type { Pace } from './pace.ts';
import type { RegistrationApi } from './registration.ts';
import type { StoreHealth } from './store-health.ts';
import type { Tally } from './tally.ts';

/** What a listener's app is made of. */
export interface AppParts {
  readonly entrance: Entrance;
  /** The instance to answer with now; a key rotation swaps it. */
  readonly provider: () => Provider;
  /** Who may be a client, as the provider finds them. */
  readonly registry: ClientRegistry;
  readonly clients: ClientManager;
  readonly registrationApi: RegistrationApi;
  readonly algorithms: AlgorithmsInUse;
  /** Names of the claims that clients' configurations set. */
  readonly setClaims: ReadonlySet<string>;
  readonly settings: ProviderSettings;
  readonly status: StatusWatch;
  /** How old the network map may be for logins. */
  readonly staleNetworkMapSeconds: number;
  readonly store: Store;
  readonly load: Load;
  readonly connections: Connections;
  readonly tally: Tally;
  readonly pace: Pace;
  readonly storeHealth: StoreHealth;
  readonly bodyLimitBytes: number;
  readonly startedAtSeconds: number;
  readonly log: Logger;
}
