import type { Clock } from '../clock.ts';
import { createRateLimit } from '../limits/rate-limit.ts';
import { peerShare } from '../peer/peer-share.ts';
import type { AuditRecord, AuditTable } from '../store/store.ts';

/**
 * Records the denial of somebody of whom nothing is known, neither person nor device nor an app's secret.
 * @param from address of the caller, and the listener that it came through
 */
export type RecordStrangerDenial = (
  record: AuditRecord,
  from: { readonly peer: string; readonly listener?: string | undefined },
) => void;

const windowSeconds = 60;
/** Such denials that are recorded in a window: of one address at one app, and of all at one listener. */
const ofEach = 60;
const ofAll = 300;

/**
 * Keeps strangers from filling the audit log: over Funnel anybody who has read an app's ID is refused as often as they
 * like (T14). The next record of the same listener says in `detail.omitted` how many were left out before it. Each
 * listener has its own room, or the internet could hide what happens in the tailnet.
 */
export function createStrangerDenials(
  table: Pick<AuditTable, 'append'>,
  clock: Clock,
): RecordStrangerDenial {
  const limit = createRateLimit({ clock, windowSeconds, each: ofEach, together: ofAll });
  const omissions = new Map<string, number>();
  return (record, { peer, listener = '' }) => {
    const omitted = omissions.get(listener) ?? 0;
    if (limit.take({ clientId: record.client ?? '', peer: peerShare(peer) }, listener) > 0) {
      omissions.set(listener, omitted + 1);
      return;
    }
    const { detail } = record;
    table.append(omitted === 0 ? record : { ...record, detail: { ...detail, omitted } });
    omissions.delete(listener);
  };
}
