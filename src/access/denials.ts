import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import { createRateLimit } from '../limits/rate-limit.ts';
import { peerShare } from '../peer/peer-share.ts';
import type { AuditEvent, AuditRecord, AuditTable } from '../store/store.ts';

/** What happens at requests, but for denials. */
export type RequestEvent = Exclude<AuditEvent, 'denial'>;

/** What whoever answers requests may write by itself: a denial goes through `recordDenial`, which is bounded (T14). */
export interface RequestAudit {
  append(record: AuditRecord & { readonly event: RequestEvent }): void;
}

export type Denial = Omit<AuditRecord, 'event'>;

export interface DeniedCaller {
  /** Address. */
  readonly peer: string;
  readonly listener?: string | undefined;
  /** The app itself asked, and has shown its secret: who stands behind it may be unknown. */
  readonly isAuthenticatedApp?: boolean;
}

/** The one way to record a denial, of a person, a device, an app or somebody of whom nothing is known. */
export type RecordDenial = (denial: Denial, from: DeniedCaller) => void;

const windowSeconds = 60;
/** Denials of strangers that are recorded in a window: of one network at one app, and of all at one listener. */
const ofEachStranger = 60;
const ofAllStrangers = 300;
/** Of one person or device at one app, and at all; of one app that has shown its secret. */
const ofEachPerson = 60;
const atAllApps = 120;
const ofEachApp = 300;

/** Those whose omissions are counted at once. */
const maxCounted = 10_000;

/**
 * Keeps denials from filling the audit log: over Funnel anybody who has read an app's ID is refused as often as they
 * like, and so is any member who may not enter (T14). The next record of the same person or app, or of a stranger at
 * the same listener, says in `detail.omitted` how many were left out before it. Each listener has its own room, or
 * the internet could hide what happens in the tailnet.
 */
export function createDenials(table: Pick<AuditTable, 'append'>, clock: Clock): RecordDenial {
  const limit = (each: number, together: number) =>
    createRateLimit({ clock, windowSeconds, each, together });
  const strangers = limit(ofEachStranger, ofAllStrangers);
  const people = limit(ofEachPerson, atAllApps);
  const apps = limit(ofEachApp, ofEachApp);
  const omissions = new LRUCache<string, number>({ max: maxCounted });

  /** Whose omissions these are, and whether there is room. */
  const room = (
    { subject, client = '' }: Denial,
    { peer, listener = '', isAuthenticatedApp = false }: DeniedCaller,
  ): { readonly of: string; readonly isFull: boolean } => {
    if (subject !== undefined) {
      const isFull = people.take({ clientId: client, peer: subject }, subject) > 0;
      return { of: `subject ${subject}`, isFull };
    }
    if (isAuthenticatedApp) {
      return { of: `app ${client}`, isFull: apps.take({ clientId: client, peer: '' }) > 0 };
    }
    const isFull = strangers.take({ clientId: client, peer: peerShare(peer) }, listener) > 0;
    return { of: `listener ${listener}`, isFull };
  };

  return (denial, from) => {
    const { of, isFull } = room(denial, from);
    const omitted = omissions.get(of) ?? 0;
    if (isFull) {
      omissions.set(of, omitted + 1);
      return;
    }
    omissions.delete(of);
    const detail = omitted === 0 ? denial.detail : { ...denial.detail, omitted };
    table.append({ ...denial, event: 'denial', detail });
  };
}
