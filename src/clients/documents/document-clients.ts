import type { ClientOptions } from '../../config/client-options.ts';
import type { ClientMetadata } from '../../protocol/client-metadata.ts';
import { isDocumentId } from '../../protocol/document-id.ts';
import { readMetadataDocument, redirectsDigest } from '../../protocol/metadata-document.ts';
import type { DocumentMark, DocumentTable, MarkedDocument } from '../../store/document-table.ts';
import type { ClientTable, StoredClient } from '../../store/store.ts';
import { ClientProblem } from '../client-problem.ts';

/** A client that is a metadata document. */
export const clientOf = (
  id: string,
  metadata: ClientMetadata,
  times: Pick<StoredClient, 'createdAt' | 'updatedAt'>,
  options: ClientOptions = { redirectsDigest: redirectsDigest(metadata) },
): StoredClient => ({
  id,
  metadata,
  options,
  secretVerifier: null,
  source: 'metadata-document',
  ...times,
});

/** With what administrators say of it. */
export function withMark(client: StoredClient, mark: DocumentMark | undefined): StoredClient {
  if (mark === undefined) return client;
  const flag = mark === 'approve' ? 'approved' : 'quarantined';
  return { ...client, options: { ...client.options, [flag]: true } };
}

/**
 * The clients that administrators look after: the stored ones, and those that came with a metadata document. What
 * stands in such a document is its owner's to change; here it can be marked, and forgotten with all its tokens.
 */
export function withDocuments(clients: ClientTable, documents: DocumentTable): ClientTable {
  const find = async (url: string) => {
    const known = await documents.find(url);
    return known && fromKnown(known);
  };
  return {
    find: async (id) => (isDocumentId(id) ? find(id) : clients.find(id)),
    list: async () => [...(await clients.list()), ...(await documents.list()).map(fromKnown)],
    idTokenAlgorithms: () => clients.idTokenAlgorithms(),
    async save(client) {
      if (client.source !== 'metadata-document') return clients.save(client);
      const before = await find(client.id);
      if (before && saidBy(before) !== saidBy(client)) throw notOurs(client.id);
      await documents.mark(client.id, markIn(client.options));
    },
    async remove(id) {
      if (!isDocumentId(id)) return clients.remove(id);
      // its tokens
      await clients.remove(id);
      return documents.remove(id);
    },
  };
}

function fromKnown({ url, document, fetchedAt, mark }: MarkedDocument): StoredClient {
  const read = document === undefined ? undefined : readMetadataDocument(url, document);
  const times = { createdAt: fetchedAt, updatedAt: fetchedAt };
  if (read?.ok) return withMark(clientOf(url, read.metadata, times), mark);
  const unread = { client_name: new URL(url).host, redirect_uris: [] };
  return withMark(clientOf(url, unread, times, {}), mark);
}

function markIn({ quarantined, approved }: ClientOptions): DocumentMark | undefined {
  if (quarantined === true) return 'quarantine';
  return approved === true ? 'approve' : undefined;
}

function saidBy({ metadata }: StoredClient): string {
  return JSON.stringify([metadata['client_name'], metadata['redirect_uris']]);
}

function notOurs(id: string): ClientProblem {
  const text = 'stands in the document at the address that is its ID: only its owner can change it';
  return new ClientProblem('invalid', id, [{ path: ['redirectUris'], text }]);
}
