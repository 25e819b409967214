import { z } from 'zod';
import { listOf, members, oneOf, path, text } from '../schema/fields.ts';

/** Clients whose ID is the URL of a document about them (client ID metadata documents), as MCP clients have them. */

export const documentModes = ['off', 'allowed', 'public'] as const;

/** A host as a URL has it, perhaps with a port: it is compared as text. */
const checkHost = (entry: string): string | undefined => {
  const url = URL.canParse(`https://${entry}`) ? new URL(`https://${entry}`) : undefined;
  if (url === undefined || /[/?#@*\\]/u.test(entry)) {
    return 'must be a host such as "apps.example" or "127.0.0.1:8080", without https:// and path';
  }
  return url.host === entry ? undefined : `must be in normal form: write "${url.host}"`;
};

const pinnedSchema = members({
  url: text((url) => (/^https?:\/\//u.test(url) ? undefined : 'must be an https:// URL')).describe(
    'The client_id: the URL at which the document is published.',
  ),
  file: path('A copy of the document, relative to this file. It is used instead of the URL.'),
});

export const metadataDocumentsSchema = members({
  mode: oneOf(documentModes)
    .default('public')
    .describe(
      'Whose documents are accepted. off: nobody\'s. allowed: of "allowedHosts" and "pinned" only. public: of every host at a public address, too.',
    ),
  allowedHosts: listOf(text(checkHost), 0, 100)
    .default([])
    .describe(
      'Hosts ("host" or "host:port") that may also be at private or tailnet addresses, for documents and for the key sets of clients; at loopback addresses plain http: is accepted.',
    ),
  pinned: z
    .array(pinnedSchema, { error: 'must be a list: [ … ]' })
    .max(100, { error: 'must be a list of at most 100 entries' })
    .default([])
    .describe('Copies of documents, for sites without internet. They are never fetched.'),
});

export type MetadataDocumentsConfig = z.output<typeof metadataDocumentsSchema>;
