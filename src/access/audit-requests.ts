import Provider from 'oidc-provider';
import type { AuditTable } from '../store/store.ts';
import { knownFacts } from './request.ts';

/**
 * The audit table for the provider's hooks: whichever of them writes, its record says through which listener the
 * request came. oidc-provider knows the request at work (`Provider.ctx`); our own routes give the name themselves.
 */
export function withListener(table: AuditTable): AuditTable {
  return {
    list: (limit) => table.list(limit),
    append(record) {
      const ctx = record.listener === undefined ? Provider.ctx : undefined;
      const listener = ctx && knownFacts(ctx)?.listener;
      table.append(listener === undefined ? record : { ...record, listener });
    },
  };
}
