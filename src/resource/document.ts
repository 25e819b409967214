import { dpopAlgorithms } from './dpop.ts';

/** OAuth 2.0 Protected Resource Metadata (RFC 9728). */

const wellKnown = '/.well-known/oauth-protected-resource';

export interface Document {
  /** Where clients find it; `WWW-Authenticate` names it. */
  readonly url: string;
  readonly path: string;
  readonly content: Readonly<Record<string, unknown>>;
}

export interface DocumentParts {
  readonly issuer: string;
  readonly resource: string;
  readonly scopes: readonly string[] | undefined;
  readonly name: string | undefined;
  readonly documentation: string | undefined;
}

/** RFC 9728 section 3.1: the well-known part goes between host and path. */
export function describeResource(parts: DocumentParts): Document {
  const { issuer, resource, scopes, name, documentation } = parts;
  const { origin, pathname } = new URL(resource);
  const path = `${wellKnown}${pathname === '/' ? '' : pathname}`;
  return {
    url: `${origin}${path}`,
    path,
    content: {
      resource,
      authorization_servers: [issuer],
      bearer_methods_supported: ['header'],
      dpop_signing_alg_values_supported: dpopAlgorithms,
      ...(scopes ? { scopes_supported: scopes } : {}),
      ...(name === undefined ? {} : { resource_name: name }),
      ...(documentation === undefined ? {} : { resource_documentation: documentation }),
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

// anybody may read it, web pages too: it says nothing that a client must not know
const open = { 'Access-Control-Allow-Origin': '*', 'Cache-Control': 'public, max-age=300' };

/** @returns undefined where the request is for another path */
export function answerDocument(
  { path, content }: Document,
  request: { readonly method: string; readonly path: string },
): Answer | undefined {
  if (request.path !== path) return undefined;
  switch (request.method) {
    case 'GET':
    case 'HEAD': {
      const headers = { ...open, 'Content-Type': 'application/json' };
      return {
        status: 200,
        headers,
        body: request.method === 'HEAD' ? '' : JSON.stringify(content),
      };
    }
    case 'OPTIONS': {
      const headers = {
        ...open,
        'Access-Control-Allow-Methods': 'GET, HEAD',
        'Access-Control-Allow-Headers': 'MCP-Protocol-Version, Content-Type, Authorization',
        'Access-Control-Max-Age': '600',
      };
      return { status: 204, headers, body: '' };
    }
    default:
      return { status: 405, headers: { ...open, Allow: 'GET, HEAD, OPTIONS' }, body: '' };
  }
}
