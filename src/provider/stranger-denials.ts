import type { Clock } from '../clock.ts';
import type { AuditRecord, AuditTable } from '../store/store.ts';
import { createRateLimit } from './client/rate-limit.ts';

/**
 * Records the denial of somebody of whom nothing is known, neither person nor device nor an app's secret.
 * @param peer address of the caller
 */
export type RecordStrangerDenial = (record: AuditRecord, peer: string) => void;

const windowSeconds = 60;
/** Such denials that are recorded in a window: of one address at one app, and of all together. */
const ofEach = 60;
const ofAll = 300;

/**
 * Keeps strangers from filling the audit log: over Funnel anybody who has read an app's ID is refused as often as they
 * like (T14). The next record says in `detail.omitted` how many were left out before it.
 */
export function createStrangerDenials(
  table: Pick<AuditTable, 'append'>,
  clock: Clock,
): RecordStrangerDenial {
  const limit = createRateLimit({ clock, windowSeconds, each: ofEach, together: ofAll });
  let omitted = 0;
  return (record, peer) => {
    if (limit.take({ clientId: record.client ?? '', peer }, 'strangers') > 0) {
      omitted += 1;
      return;
    }
    const { detail } = record;
    table.append(omitted === 0 ? record : { ...record, detail: { ...detail, omitted } });
    omitted = 0;
  };
}
