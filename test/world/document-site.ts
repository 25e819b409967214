import type { IncomingMessage, ServerResponse } from 'node:http';
import { openSite, type Site } from '../outgoing/site.ts';

export type Serve = (request: IncomingMessage, response: ServerResponse) => void;

export interface DocumentSite extends Site {
  /** The client ID of the document at a path. */
  id(path: string): string;
  /** What a path answers from now on. */
  set(path: string, serve: Serve): void;
  /** A document with a client ID of its own, unless `members` says otherwise; undefined members are left out. */
  publish(
    path: string,
    members?: Record<string, unknown>,
    headers?: Record<string, string>,
  ): string;
  /** How often a path was asked for. */
  count(path: string): number;
}

/** A host of clients' metadata documents, on loopback. What is not published is not found. */
export async function openDocumentSite(): Promise<DocumentSite> {
  const pages = new Map<string, Serve>();
  const site = await openSite((request, response) => {
    const serve = pages.get(request.url ?? '');
    if (serve) serve(request, response);
    else response.writeHead(404).end();
  });
  const id = (path: string) => site.origin + path;
  const set = (path: string, serve: Serve) => void pages.set(path, serve);
  return {
    ...site,
    id,
    set,
    publish(path, members = {}, headers = {}) {
      const document = {
        client_id: id(path),
        client_name: 'Example Agent',
        redirect_uris: ['https://agent.test/callback'],
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'none',
        ...members,
      };
      set(path, json(document, headers));
      return id(path);
    },
    count: (path) => site.asked.filter((asked) => asked === path).length,
    [Symbol.asyncDispose]: () => site[Symbol.asyncDispose](),
  };
}

export const json =
  (document: unknown, headers: Record<string, string> = {}): Serve =>
  (_request, response) => {
    response
      .writeHead(200, { 'content-type': 'application/json', ...headers })
      .end(typeof document === 'string' ? document : JSON.stringify(document));
  };
