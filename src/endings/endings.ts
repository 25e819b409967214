import type { Clock } from '../clock.ts';
import type { AuditTable, ClientTable, Store } from '../store/store.ts';
import { auditEndings } from './audit-endings.ts';
import type { Ended, Endings, HearEnded } from './ending.ts';
import { createRevocation } from './revocation.ts';

export interface EndingParts {
  readonly store: Pick<Store, 'families' | 'consents' | 'adapter'>;
  /** Those that administrators look after: the store's, and those with a metadata document. */
  readonly clients: Pick<ClientTable, 'remove'>;
  readonly audit: Pick<AuditTable, 'append'>;
  readonly clock: Clock;
  /** Whoever else wants to know, in this order after the audit log. */
  readonly hear?: readonly HearEnded[];
}

export function createEndings({ store, clients, audit, clock, hear = [] }: EndingParts): Endings {
  const revoke = createRevocation(store, clients);
  const hearers: readonly HearEnded[] = [auditEndings(audit, clock), ...hear];
  return {
    async end({ what, ...of }) {
      const ended = (await revoke(what)).map((thing): Ended => ({ ...of, what: thing }));
      for (const one of ended) {
        for (const heard of hearers) await heard(one);
      }
      return ended;
    },
  };
}
