import { errors } from 'oidc-provider';
import type { RequestAudit } from '../../access/denials.ts';
import type { ClientOptions } from '../../config/client-options.ts';
import type { DocumentSettings } from '../../config/pinned-documents.ts';
import type { Identity } from '../../identity/identity.ts';
import { displayLogin, subjectOf } from '../../identity/subject.ts';
import { isAllowedHost } from '../../protocol/allowed-host.ts';
import type { ClientMetadata } from '../../protocol/client-metadata.ts';
import { checkDocumentId, isDocumentId } from '../../protocol/document-id.ts';
import { oauthText } from '../../protocol/oauth-text.ts';
import type { ConsentTable } from '../../store/consent-table.ts';
import type { StoredClient } from '../../store/store.ts';
import { trustDigest, whatEnded } from '../client-trust.ts';
import { type CacheParts, createDocumentCache } from './document-cache.ts';
import { clientOf, withMark } from './document-clients.ts';
import type { Introduce } from './document-introduction.ts';

export interface DocumentParts extends DocumentSettings, CacheParts {
  readonly introduce: Introduce;
  readonly consents: Pick<ConsentTable, 'forget'>;
  /** New clients, and those that change what people see of them, wait for an administrator. */
  readonly quarantine: boolean;
  readonly audit: RequestAudit;
}

/**
 * The client whose ID is this URL; undefined for an ID that is not a URL, and in mode `off`.
 * @throws errors.InvalidClient naming what is wrong with the URL or the document; errors.TemporarilyUnavailable (503) when
 *   its host is in trouble, so that the app does not throw its tokens away
 */
export type FindDocument = (id: string) => Promise<StoredClient | undefined>;

/** Can any client come this way? Only then it is advertised: some clients try nothing else where it is. */
export function documentsWork({ mode, allowedHosts, pinned }: DocumentSettings): boolean {
  return mode === 'public' || (mode === 'allowed' && allowedHosts.length + pinned.size > 0);
}

/**
 * Client ID metadata documents (draft-ietf-oauth-client-id-metadata-document). oidc-provider has a feature of that
 * name; it takes over our own member (`tsidp`) from a document and knows neither revalidation nor pinned documents,
 * nor who asks, so these come through the client adapter, as all others do.
 */
export function createMetadataDocuments(parts: DocumentParts): FindDocument {
  const { mode, allowedHosts, pinned, introduce, documents, consents, audit, clock } = parts;
  const cache = createDocumentCache(parts);
  const times = { createdAt: clock.nowSeconds(), updatedAt: clock.nowSeconds() };
  const fixed = new Map(
    [...pinned].map(([url, metadata]) => [url, clientOf(url, metadata, times, asPinned(metadata))]),
  );
  const waits = parts.quarantine ? 'wait' : undefined;
  const check = (id: string): string | undefined => {
    const reason = checkDocumentId(id, allowedHosts);
    if (reason !== undefined) return `client_id ${reason}`;
    return mode === 'public' || isAllowedHost(new URL(id), allowedHosts)
      ? undefined
      : 'metadata documents of this host are not accepted here: an administrator can list it';
  };
  return async (id) => {
    if (mode === 'off' || !isDocumentId(id)) return undefined;
    const pin = fixed.get(id);
    if (pin) return pin;
    const reason = check(id);
    if (reason !== undefined) throw new errors.InvalidClient(oauthText(reason));
    let who: Identity | undefined;
    const client = await cache.find(id, {
      first: async () => {
        who = await introduce();
      },
      broughtBy: () => who && subjectOf(who),
      changed: async (client, wasKnown) => {
        const state = await documents.stateOf(id);
        // what an administrator approved or released, and people allowed, is not what it is now
        const ended = whatEnded(state?.mark === 'approve', await consents.forget(id));
        audit.append({
          at: clock.nowSeconds(),
          event: 'client',
          ...(who && {
            subject: subjectOf(who),
            login: displayLogin(who),
            device: who.node.stableId,
          }),
          client: id,
          detail: {
            action: wasKnown ? 'metadata document changed' : 'metadata document',
            name: client.metadata['client_name'],
            redirectUris: client.metadata['redirect_uris'],
            ...ended,
          },
        });
        if (state?.mark !== 'quarantine') await documents.mark(id, waits);
      },
    });
    return withMark(client, (await documents.stateOf(id))?.mark);
  };
}

/** Nobody sees it change: what people allow holds for the whole of it, and not for its redirect URIs alone. */
const asPinned = (metadata: ClientMetadata): ClientOptions => ({
  redirectsDigest: trustDigest({ metadata, secretVerifier: null }),
});
