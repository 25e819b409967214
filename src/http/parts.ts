import type Provider from 'oidc-provider';
import type { Oracle } from '../identity/oracle.ts';
import type { Logger } from '../log.ts';
import type { StatusWatch } from '../peer/status.ts';
import type { ProviderSettings } from '../provider/settings.ts';
import type { Store } from '../store/store.ts';
import type { ListenerKind } from './exposure.ts';
import type { Load } from './load.ts';

/** What a listener's app is made of. */
export interface AppParts {
  readonly listener: ListenerKind;
  /** The instance to answer with now; a key rotation swaps it. */
  readonly provider: () => Provider;
  readonly settings: ProviderSettings;
  readonly oracle: Oracle;
  readonly status: StatusWatch;
  readonly store: Store;
  readonly load: Load;
  readonly bodyLimitBytes: number;
  readonly log: Logger;
}
