import { createServer } from 'node:http';
import { type NodeIncomingMessageLike, toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer, requireScopes } from '@modelcontextprotocol/server';
import { createResource } from '../../src/resource/resource.ts';

const resource = createResource({
  issuer: 'https://idp.tail1234.ts.net',
  resource: 'https://notes.tail1234.ts.net/mcp',
  scopes: ['notes:read'],
});

const mcp = createMcpHandler(({ authInfo }) => {
  const server = new McpServer({ name: 'notes', version: '1.0.0' });
  // without the scope: HTTP 403, and clients ask for it
  const scopeChallenge = requireScopes('notes:read');
  server.registerTool('list_notes', { description: 'Lists your notes', scopeChallenge }, () => ({
    content: [{ type: 'text', text: `The notes of ${authInfo?.extra?.['subject']}` }],
  }));
  return server;
});

async function answer(request: Request): Promise<Response> {
  const document = resource.web.metadata(request);
  if (document) return document;
  const access = await resource.web.protect(request, { askFor: ['notes:read'] });
  if (access instanceof Response) return access;
  const { subject, clientId, scopes, expiresAt } = access;
  return mcp.fetch(request, {
    authInfo: {
      // tools get no token: one for this server must never be sent on to another
      token: '',
      clientId,
      scopes: [...scopes],
      expiresAt,
      resourceMetadataUrl: resource.metadataUrl,
      extra: { subject },
    },
  });
}

const handle = toNodeHandler({ fetch: answer }, { maxRequestBodySize: 65_536 });
export const server = createServer((request, response) => {
  void handle(request as NodeIncomingMessageLike, response);
});
