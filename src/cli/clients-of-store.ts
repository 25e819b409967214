import { createResources } from '../access/resources.ts';
import { withDocuments } from '../clients/documents/document-clients.ts';
import {
  type Changer,
  type ClientManager,
  createClientManager,
  declareClient,
} from '../clients/manage-clients.ts';
import { reservedIds } from '../clients/reserved-ids.ts';
import { loadOrCreateSecretKey } from '../clients/secret-key.ts';
import { systemClock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { Store } from '../store/store.ts';
import { withExistingStore, withStore } from './client-store.ts';
import type { Clients } from './clients.ts';
import { storeEndings } from './store-endings.ts';

const byCli: Changer = { source: 'cli', record: { detail: { by: 'cli' } } };

/** Without a daemon: in the database, which is made by the first client and not by looking. */
export const storedClients = (config: Config): Clients => {
  const managed =
    <T>(act: (manager: ClientManager) => Promise<T>) =>
    async (store: Store): Promise<T> => {
      const done = await act(managerOf(config, store));
      await store.committed();
      return done;
    };
  const inExisting = <T>(act: (manager: ClientManager) => Promise<T>): Promise<T> =>
    withExistingStore(config, managed(act));
  return {
    list: () => inExisting((manager) => manager.list()),
    show: (id) => inExisting((manager) => manager.find(id)),
    async add(declaration, generate) {
      const declared = declareClient(declaration, generate);
      return withStore(
        config,
        managed((manager) => manager.add(declared, byCli)),
      );
    },
    rotateSecret: (id, chosen) => inExisting((manager) => manager.rotateSecret(id, chosen, byCli)),
    mark: (id, mark) => inExisting((manager) => manager.mark(id, mark, byCli)),
    remove: (id) => inExisting((manager) => manager.remove(id, byCli)),
  };
};

const managerOf = ({ clients: declared, resources }: Config, store: Store): ClientManager =>
  createClientManager({
    declared,
    clients: withDocuments(store.clients, store.documents),
    endings: storeEndings(store),
    registrations: store.registrations,
    consents: store.consents,
    audit: store.audit,
    clock: systemClock,
    isReserved: reservedIds(createResources(resources)),
    secretKey: () => loadOrCreateSecretKey(store, systemClock),
    // a daemon would remember secrets; here nobody does
    forget: () => undefined,
  });
