import { withDocuments } from '../clients/documents/document-clients.ts';
import { systemClock } from '../clock.ts';
import type { Endings } from '../endings/ending.ts';
import { createEndings } from '../endings/endings.ts';
import type { Store } from '../store/store.ts';

/** What a command ends in the store, whether or not a daemon has it open, too. */
export const storeEndings = (store: Store): Endings =>
  createEndings({
    store,
    clients: withDocuments(store.clients, store.documents),
    audit: store.audit,
    clock: systemClock,
  });
