import { LRUCache } from 'lru-cache';
import { errors } from 'oidc-provider';
import { ageSeconds, type Clock } from '../../clock.ts';
import type { OutgoingFetch } from '../../outgoing/fetch.ts';
import { readMetadataDocument } from '../../protocol/metadata-document.ts';
import { oauthText } from '../../protocol/oauth-text.ts';
import type { DocumentTable, KnownDocument } from '../../store/document-table.ts';
import type { StoredClient } from '../../store/store.ts';
import { currentAsker } from './asker.ts';
import { clientOf } from './document-clients.ts';
import { type Asked, askForDocument, isAsSeen } from './document-fetch.ts';
import { freshness } from './document-freshness.ts';

export interface CacheParts {
  readonly fetch: OutgoingFetch;
  readonly documents: DocumentTable;
  readonly clock: Clock;
}

export interface DocumentCache {
  /**
   * The client of a document URL that was checked.
   * @param hooks.first called before a host is asked about a document that is not known; may throw
   * @param hooks.changed called before a document is used that is not what was looked at
   * @throws errors.InvalidClient, errors.TemporarilyUnavailable
   */
  find(url: string, hooks: DocumentHooks): Promise<StoredClient>;
}

export interface DocumentHooks {
  readonly first: () => Promise<void>;
  /** Subject of whom `first` let in; undefined where it was not called. */
  readonly broughtBy: () => string | undefined;
  /** @param wasKnown another one was there under this URL */
  readonly changed: (client: StoredClient, wasKnown: boolean) => Promise<void>;
}

interface Entry {
  /** As it is stored. */
  readonly known: KnownDocument;
  readonly client: StoredClient;
  readonly useUntil: number;
}

interface Failure {
  readonly error: () => Error;
  readonly at: number;
  /** How long it is believed. */
  readonly seconds: number;
}

interface Before {
  readonly known: KnownDocument | undefined;
  readonly entry: Entry | undefined;
  readonly hooks: DocumentHooks;
  /** Asker and URL. */
  readonly own: string;
}

/** How long a failure is believed. */
const badSeconds = 60;
const troubleSeconds = 10;

/**
 * Documents in memory, in front of the store and the hosts. Requests of one asker for one URL at the same time are one;
 * of each asker for themselves, as each waits in a queue of their own, and only their own trouble is theirs (T38).
 */
export function createDocumentCache(parts: CacheParts): DocumentCache {
  const { documents, clock } = parts;
  const entries = new LRUCache<string, Entry>({ max: 200 });
  const failures = new LRUCache<string, Failure>({ max: 1000 });
  const pending = new Map<string, Promise<StoredClient>>();

  const refresh = async (url: string, { known, entry, hooks, own }: Before) => {
    const asked = await askForDocument(url, known, parts);
    if (asked.kind === 'good') {
      const client = clientOf(url, asked.metadata, atOnce(asked.known));
      // somebody else may have asked at the same time, and the change is told
      const before = await documents.find(url);
      await documents.save(asked.known, hooks.broughtBy());
      if (!isAsSeen(before, asked.known)) await hooks.changed(client, before !== undefined);
      // only now does anybody find it
      entries.set(url, { known: asked.known, client, useUntil: asked.known.freshUntil });
      return client;
    }
    const now = clock.nowSeconds();
    if (asked.kind === 'trouble' && entry && isUsable(entry, now)) {
      entries.set(url, { ...entry, useUntil: now + badSeconds });
      return entry.client;
    }
    if (asked.kind === 'bad') {
      entries.delete(url);
      if (known?.document !== undefined) await documents.save({ ...known, document: undefined });
    }
    const error = () => errorOf(asked);
    const [of, seconds] = asked.kind === 'bad' ? [url, badSeconds] : [own, troubleSeconds];
    failures.set(of, { error, at: now, seconds });
    throw error();
  };

  const find = async (
    url: string,
    hooks: DocumentHooks,
    introduced: boolean,
  ): Promise<StoredClient> => {
    // an administrator may have forgotten it
    if (!(await documents.stateOf(url))) entries.delete(url);
    const cached = entries.get(url);
    const known = cached ? cached.known : await documents.find(url);
    const entry = cached ?? fromStore(known, entries);
    const now = clock.nowSeconds();
    if (entry && now < entry.useUntil && isPast(entry, now)) return entry.client;
    const own = `${(await currentAsker())?.name ?? ''}\n${url}`;
    throwBelieved([failures.get(url), failures.get(own)], now);
    if (!known && !introduced) {
      await hooks.first();
      // somebody else may have brought it meanwhile
      return find(url, hooks, true);
    }
    const running = pending.get(own) ?? refresh(url, { known, entry, hooks, own });
    pending.set(own, running);
    // whoever began may be gone: the others wait for the same answer
    return running.finally(() => {
      if (pending.get(own) === running) pending.delete(own);
    });
  };
  return { find: (url, hooks) => find(url, hooks, false) };
}

function throwBelieved(failures: readonly (Failure | undefined)[], now: number): void {
  for (const failure of failures) {
    if (failure && ageSeconds(now, failure.at) < failure.seconds) throw failure.error();
  }
}

function fromStore(
  known: KnownDocument | undefined,
  entries: LRUCache<string, Entry>,
): Entry | undefined {
  if (known?.document === undefined) return undefined;
  const read = readMetadataDocument(known.url, known.document);
  // another release of ours accepted it
  if (!read.ok) return undefined;
  const client = clientOf(known.url, read.metadata, atOnce(known));
  const entry = { known, client, useUntil: known.freshUntil };
  entries.set(known.url, entry);
  return entry;
}

/** A host in trouble lends its document for a day more (RFC 5861 section 4), unless it forbade to keep it. */
const isUsable = (entry: Entry, now: number): boolean =>
  entry.known.document !== undefined &&
  now < entry.known.freshUntil + freshness.staleSeconds &&
  isPast(entry, now);

/** Before the clock was set back nothing was fetched just now (T42). */
const isPast = ({ known }: Entry, now: number): boolean =>
  ageSeconds(now, known.fetchedAt) < Number.POSITIVE_INFINITY;

const atOnce = ({ fetchedAt }: KnownDocument) => ({ createdAt: fetchedAt, updatedAt: fetchedAt });

function errorOf({
  kind,
  reason,
  cause,
}: Exclude<Asked, { kind: 'good' }>): errors.OIDCProviderError {
  const text = oauthText(reason);
  if (kind === 'bad') return new errors.InvalidClient(text, { cause });
  const error = new errors.TemporarilyUnavailable(text, { cause });
  error.status = 503;
  error.statusCode = 503;
  error.allow_redirect = false;
  return error;
}
