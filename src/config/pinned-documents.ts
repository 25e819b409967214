import type { ClientMetadata } from '../protocol/client-metadata.ts';
import { checkDocumentId } from '../protocol/document-id.ts';
import { readMetadataDocument } from '../protocol/metadata-document.ts';
import { type JsonPath, type Problem, valueAt } from '../schema/document.ts';
import { readFailure } from './cross-check.ts';

export interface PinnedDocuments {
  /** What each document says, by its URL. */
  readonly documents: ReadonlyMap<string, ClientMetadata>;
  readonly problems: readonly Problem[];
}

/** Reads and checks every file of `metadataDocuments.pinned`, so that a bad copy is told at the start. */
export const readPinnedDocuments = (
  data: unknown,
  read: (path: string) => string,
): PinnedDocuments => {
  const documents = new Map<string, ClientMetadata>();
  const problems: Problem[] = [];
  const pinned = valueAt(data, ['metadataDocuments', 'pinned']);
  const allowed = valueAt(data, ['metadataDocuments', 'allowedHosts']);
  const hosts = Array.isArray(allowed) ? allowed.filter((host) => typeof host === 'string') : [];
  for (const [index, entry] of (Array.isArray(pinned) ? pinned : []).entries()) {
    const url = valueAt(entry, ['url']);
    const file = valueAt(entry, ['file']);
    if (typeof url !== 'string' || typeof file !== 'string' || file === '') continue;
    const refuse = (member: string, text: string): void => {
      const path: JsonPath = ['metadataDocuments', 'pinned', index, member];
      problems.push({ path, text });
    };
    const reason = checkDocumentId(url, hosts);
    if (reason !== undefined) refuse('url', `can't be a client_id: it ${reason}`);
    else if (documents.has(url)) refuse('url', 'is pinned twice: remove one of the two');
    try {
      const document = readMetadataDocument(url, read(file));
      if (document.ok) documents.set(url, document.metadata);
      else refuse('file', `holds a document that can't be used: it ${document.reason}`);
    } catch (error) {
      refuse('file', `can't be read: ${readFailure(error)}`);
    }
  }
  return { documents, problems };
};

/** `allowed`: documents of listed hosts and pinned ones; `public`: of every host at a public address, too. */
export type DocumentMode = 'off' | 'allowed' | 'public';

export interface DocumentSettings {
  readonly mode: DocumentMode;
  readonly allowedHosts: readonly string[];
  /** Documents that are never fetched: what they say, by their URL. */
  readonly pinned: ReadonlyMap<string, ClientMetadata>;
}
