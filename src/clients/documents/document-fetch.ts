import type { Clock } from '../../clock.ts';
import type { OutgoingFetch } from '../../outgoing/fetch.ts';
import { OutgoingError } from '../../outgoing/outgoing-error.ts';
import type { ClientMetadata } from '../../protocol/client-metadata.ts';
import { readMetadataDocument } from '../../protocol/metadata-document.ts';
import type { KnownDocument } from '../../store/document-table.ts';
import { trustDigest } from '../client-trust.ts';
import { currentAsker } from './asker.ts';
import { freshnessOf } from './document-freshness.ts';

export type Asked =
  | {
      readonly kind: 'good';
      readonly metadata: ClientMetadata;
      /** As it may be stored: without the document where its host forbids that. */
      readonly known: KnownDocument;
    }
  /** Its host says, or the document, that there is no such client. Reasons are sentences. */
  | Failed<'bad'>
  /** It may be good again soon. */
  | Failed<'trouble'>;

interface Failed<Kind> {
  readonly kind: Kind;
  readonly reason: string;
  readonly cause?: OutgoingError;
}

interface Parts {
  readonly fetch: OutgoingFetch;
  readonly clock: Clock;
}

/** Asks a document's host for it, or whether the one that we know is still good (RFC 9110 section 13.1). */
export async function askForDocument(
  url: string,
  previous: KnownDocument | undefined,
  { fetch, clock }: Parts,
): Promise<Asked> {
  try {
    const asker = await currentAsker();
    const answer = await fetch(url, { json: true, headers: headersFor(previous), asker });
    return readAnswer(url, answer, previous, clock.nowSeconds());
  } catch (error) {
    if (!(error instanceof OutgoingError)) throw error;
    // only its host may end a client that is known
    const kind = error.passes || (previous && error.isUnproven) ? 'trouble' : 'bad';
    const reason = `the metadata document can't be fetched: its host ${error.message}`;
    return { kind, reason, cause: error };
  }
}

type Answer = Awaited<ReturnType<OutgoingFetch>>;

function readAnswer(
  url: string,
  { status, headers, body }: Answer,
  previous: KnownDocument | undefined,
  now: number,
): Asked {
  const unchanged = status === 304 ? previous?.document : undefined;
  if (status !== 200 && unchanged === undefined) {
    const kind = status >= 500 || status === 429 || status === 408 ? 'trouble' : 'bad';
    return { kind, reason: `the metadata document can't be fetched: its host answered ${status}` };
  }
  const text = unchanged ?? body.toString('utf8');
  const read = readMetadataDocument(url, text);
  if (!read.ok) return { kind: 'bad', reason: `the metadata document ${read.reason}` };
  const { freshSeconds, storable } = freshnessOf(headers, now);
  const before = unchanged === undefined ? undefined : previous;
  const stored = {
    document: text,
    etag: headers.etag?.slice(0, 500) ?? before?.etag,
    lastModified: headers['last-modified']?.slice(0, 100) ?? before?.lastModified,
  };
  const nothing = { document: undefined, etag: undefined, lastModified: undefined };
  return {
    kind: 'good',
    metadata: read.metadata,
    known: {
      url,
      ...(storable ? stored : nothing),
      fetchedAt: now,
      freshUntil: now + freshSeconds,
      seen: seenOf(read.metadata),
    },
  };
}

const seenOf = (metadata: ClientMetadata): string =>
  trustDigest({ metadata, secretVerifier: null });

/**
 * Is this what people and administrators looked at? Digests of another release count other members, so a document that
 * is kept is read anew.
 */
export function isAsSeen(known: KnownDocument | undefined, now: KnownDocument): boolean {
  if (!known || known.seen === now.seen) return known !== undefined;
  if (known.document === undefined) return false;
  const read = readMetadataDocument(known.url, known.document);
  return read.ok && seenOf(read.metadata) === now.seen;
}

function headersFor(previous: KnownDocument | undefined): Record<string, string> {
  const { document, etag, lastModified } = previous ?? {};
  return {
    accept: 'application/json',
    ...(document !== undefined && etag !== undefined ? { 'if-none-match': etag } : {}),
    ...(document !== undefined && etag === undefined && lastModified !== undefined
      ? { 'if-modified-since': lastModified }
      : {}),
  };
}
